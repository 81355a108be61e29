/**
 * Until when AWS supports what: the one table of dates. `standard` is the end of support without a surcharge, `last` the day
 * after which AWS upgrades it by force or refuses it. Sources: the release calendars of Amazon EKS, Amazon RDS for
 * PostgreSQL, Amazon ElastiCache and AWS Lambda, as of November 2025.
 */
interface Support {
  readonly standard: string;
  readonly last?: string;
}

export const kubernetes: Readonly<Record<string, Support>> = {
  "1.28": { standard: "2024-11-26", last: "2025-11-26" },
  "1.29": { standard: "2025-03-23", last: "2026-03-23" },
  "1.30": { standard: "2025-07-23", last: "2026-07-23" },
  "1.31": { standard: "2025-11-26", last: "2026-11-26" },
  "1.32": { standard: "2026-03-23", last: "2027-03-23" },
  "1.33": { standard: "2026-07-29", last: "2027-07-29" },
  "1.34": { standard: "2026-12-02", last: "2027-12-02" },
};

export const postgres: Readonly<Record<string, Support>> = {
  "11": { standard: "2024-02-29", last: "2027-03-31" },
  "12": { standard: "2025-02-28", last: "2028-02-29" },
  "13": { standard: "2026-02-28", last: "2029-02-28" },
  "14": { standard: "2027-02-28", last: "2030-02-28" },
  "15": { standard: "2028-02-29", last: "2031-02-28" },
  "16": { standard: "2029-02-28", last: "2032-02-29" },
  "17": { standard: "2030-02-28", last: "2033-02-28" },
};

/** Minor versions that can no longer be created; the requirements name 15.4. */
export const withdrawnPostgres = ["15.2", "15.3", "15.4", "14.8", "14.9", "16.1"];

export const redis: Readonly<Record<string, Support>> = {
  "4": { standard: "2026-01-31" },
  "5": { standard: "2026-01-31" },
  "6": { standard: "2027-01-31" },
};

export const lambdaRuntimes: Readonly<Record<string, Support>> = {
  "nodejs16.x": { standard: "2024-06-12" },
  "nodejs18.x": { standard: "2025-09-01" },
  "nodejs20.x": { standard: "2026-04-30" },
  "nodejs22.x": { standard: "2027-04-30" },
  "nodejs24.x": { standard: "2028-04-30" },
  "python3.8": { standard: "2024-10-14" },
  "python3.9": { standard: "2025-12-15" },
  "python3.10": { standard: "2026-10-31" },
  "python3.11": { standard: "2027-06-30" },
  "python3.12": { standard: "2028-10-31" },
  "python3.13": { standard: "2029-06-30" },
  "go1.x": { standard: "2024-01-08" },
  "provided.al2": { standard: "2026-07-31" },
};

/** What a version's support is on a day; undefined for a version that the table does not know, which is newer. */
export function supportOn(
  table: Readonly<Record<string, Support>>,
  version: string,
  today: string,
): "standard" | "extended" | "ended" | undefined {
  const known = table[version];
  if (!known) {
    const oldest = Object.keys(table).map(Number).filter(Number.isFinite);
    const number = Number(version);
    return Number.isFinite(number) && oldest.length > 0 && compare(version, table) < 0 ? "ended" : undefined;
  }
  if (today <= known.standard) return "standard";
  return known.last && today <= known.last ? "extended" : "ended";
}

/** Negative where a version is older than every one of a table, part by part: 1.9 is older than 1.28. */
function compare(version: string, table: Readonly<Record<string, Support>>): number {
  const parts = (text: string) => text.split(".").map(Number);
  const oldest = Object.keys(table)
    .map(parts)
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0))[0] ?? [0];
  const [major = 0, minor = 0] = parts(version);
  return major - (oldest[0] ?? 0) || minor - (oldest[1] ?? 0);
}
