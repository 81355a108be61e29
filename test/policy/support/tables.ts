/** Tables of cases: what each policy finds where. Every policy has at least one case of each kind. */
import assert from "node:assert/strict";
import { analyze, analyzeStack, type Around, type Found, type Given } from "./pack";

export const kinds = ["pass", "fail", "undefined", "unknown", "secret"] as const;
export type Kind = (typeof kinds)[number];

/** What is found: nothing at all, "cannot be known yet" as an advisory, or violations of which one says this. */
export type Finds = "nothing" | "cannot tell" | RegExp | { readonly advisory: RegExp };

type Props = Readonly<Record<string, unknown>>;
export type Row = readonly [
  kind: Kind,
  given: Props | TypedResource | readonly TypedResource[],
  finds?: Finds,
  around?: Around,
];

export interface Table {
  readonly policy: string;
  readonly rows: readonly { kind: Kind; given: readonly Given[]; whole: boolean; finds: Finds; around: Around }[];
}

class TypedResource {
  constructor(readonly given: Given) {}
}

/** A resource of another type than the table's, or with a name or links. */
export const a = (type: string, props: Props = {}, more: Omit<Given, "type" | "props"> = {}): TypedResource =>
  new TypedResource({ type, props, ...more });

/** The cases of a policy. A case is the inputs of a resource of `type`, a resource made by `a`, or a stack as a list. */
export function table(policy: string, type: string, ...rows: readonly Row[]): Table {
  return {
    policy,
    rows: rows.map(([kind, given, finds = "nothing", around = {}]) => {
      const resources = Array.isArray(given) ? (given as readonly TypedResource[]) : [given];
      return {
        kind,
        given: resources.map((one) => (one instanceof TypedResource ? one.given : { type, props: one as Props })),
        whole: Array.isArray(given),
        finds,
        around,
      };
    }),
  };
}

/** Runs one row and compares. */
export async function check(policy: string, row: Table["rows"][number]): Promise<void> {
  const [first] = row.given;
  const found: Found[] =
    row.whole || !first ? await analyzeStack(policy, row.given, row.around) : await analyze(policy, first, row.around);
  const shown = JSON.stringify(found, null, 1);
  if (row.finds === "nothing") assert.deepEqual(found, []);
  else if (row.finds === "cannot tell") {
    assert.ok(found.length > 0 && found.every(({ enforcement }) => enforcement === "advisory"), shown);
    assert.match(found[0]?.message ?? "", /can't run policy .* during preview/);
  } else {
    const [pattern, enforcement] =
      row.finds instanceof RegExp ? [row.finds, "mandatory"] : [row.finds.advisory, "advisory"];
    assert.ok(
      found.some((one) => pattern.test(one.message) && one.enforcement === enforcement),
      `no ${enforcement} finding says ${String(pattern)}: ${shown}`,
    );
  }
}
