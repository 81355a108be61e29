/** What a restored copy is asked, and how its answers are judged. */

/** One table that a restored database must hold as its source does. */
export interface TableCheck {
  /** `schema.table`. */
  readonly table: string;
  /** Column with the time that a row came to be; rows are compared over a window of it. Without it: the whole table. */
  readonly timeColumn?: string;
  /** Rows that the window must have at least. */
  readonly minimumRows: number;
}

/** What one table answers. Numbers are text, as PostgreSQL's are larger than JavaScript's. */
export interface TableFacts {
  readonly rows: string;
  /** Sum of the rows' hashes: the same rows in any order give the same sum. */
  readonly checksum: string;
}

export interface DatabaseFacts {
  /** `schema.table` of every table of the applications. */
  readonly tables: readonly string[];
  readonly checked: Readonly<Record<string, TableFacts>>;
}

/** A statement with its parameters. */
export interface Query {
  readonly text: string;
  readonly values: readonly unknown[];
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** `schema.table` as SQL: what follows the first dot is the table's name, and a name without a dot is of `public`. */
export function quoteTable(table: string): string {
  const [schema = "", ...rest] = table.split(".");
  return rest.length === 0 ? `"public".${quoted(schema)}` : `${quoted(schema)}.${quoted(rest.join("."))}`;
}

export const tablesQuery: Query = {
  text: `select table_schema || '.' || table_name as name from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1`,
  values: [],
};

/** Rows and checksum of a table, over a window of its time column where it has one. */
export function factsQuery(check: TableCheck, window: { readonly from: Date; readonly to: Date }): Query {
  const columns = "count(*)::text as rows, coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text as checksum";
  const from = `from ${quoteTable(check.table)} t`;
  if (check.timeColumn === undefined) return { text: `select ${columns} ${from}`, values: [] };
  const time = `t.${quoted(check.timeColumn)}`;
  return {
    text: `select ${columns} ${from} where ${time} >= $1 and ${time} < $2`,
    values: [window.from.toISOString(), window.to.toISOString()],
  };
}

/** Rows younger than this when the copy was made may have been under way; they are not compared. */
const settleMilliseconds = 10 * 60_000;

/** The time whose rows are compared: the last hours before the copy was made, without its very end. */
export function comparedWindow(copiedAt: Date, hours: number): { from: Date; to: Date } {
  const to = new Date(copiedAt.getTime() - settleMilliseconds);
  return { from: new Date(to.getTime() - hours * 3_600_000), to };
}

/** What is wrong with the copy; empty where it is as good as its source. */
export function compareFacts(checks: readonly TableCheck[], source: DatabaseFacts, copy: DatabaseFacts): string[] {
  const problems: string[] = [];
  const missing = source.tables.filter((table) => !copy.tables.includes(table));
  if (missing.length > 0) problems.push(`the copy has no ${missing.join(", ")}`);
  for (const { table, minimumRows, timeColumn } of checks) {
    const [theirs, ours] = [source.checked[table], copy.checked[table]];
    if (!ours) {
      problems.push(`${table} was not found in the copy`);
      continue;
    }
    if (BigInt(ours.rows) < BigInt(minimumRows))
      problems.push(`${table} has ${ours.rows} rows, at least ${minimumRows} are asked for`);
    // Without a time the source has moved on since; rows can only be counted then.
    if (timeColumn === undefined || !theirs) continue;
    if (theirs.rows !== ours.rows) problems.push(`${table} has ${ours.rows} rows, its source has ${theirs.rows}`);
    else if (theirs.checksum !== ours.checksum) problems.push(`${table} differs from its source in its rows' contents`);
  }
  return problems;
}

/** A volume, as far as a copy can be held against its source. */
export interface VolumeFacts {
  readonly sizeGiB: number;
  readonly encrypted: boolean;
  readonly state: string;
}

/** What is wrong with a restored volume. */
export function compareVolumes(source: VolumeFacts | undefined, copy: VolumeFacts | undefined): string[] {
  if (!copy) return ["the restored volume does not exist"];
  const problems: string[] = [];
  if (!["available", "in-use"].includes(copy.state)) problems.push(`the restored volume is ${copy.state}`);
  if (!copy.encrypted) problems.push("the restored volume is not encrypted");
  if (source && copy.sizeGiB < source.sizeGiB)
    problems.push(`the restored volume has ${copy.sizeGiB} GiB, its source ${source.sizeGiB}`);
  return problems;
}

/** The last part of an ARN: a database's or a volume's own id. */
export function idOf(arn: string): string {
  return arn.split(/[:/]/).at(-1) ?? arn;
}
