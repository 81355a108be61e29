import * as pulumi from "@pulumi/pulumi";
import type { AcceptedModel } from "../../lambdas/common/model-key";

export type { AcceptedModel };

/** A key of the listing that gets none, and why. */
export interface RejectedKey {
  readonly key: string;
  readonly reason: string;
}

/** Every key of a listing, accepted or rejected with its reason; both sorted by key in code units. */
export interface ModelReport {
  /** Where the keys come from: `s3://bucket/models/`, or a file's name. */
  readonly source: string;
  readonly accepted: readonly AcceptedModel[];
  readonly rejected: readonly RejectedKey[];
  /** What to know beside: models of other shards, added and removed since the last deployment. @default [] */
  readonly notes?: readonly string[];
}

/** Where the program tells its user what no resource shows. */
export interface Report {
  /** True in a plan without an account: the program asks AWS nothing by itself. @default false */
  readonly offline?: boolean;
  /** Something that works and deserves a look. */
  warn(message: string): void;
  /** What the fleet's listing came to. */
  models(catalog: ModelReport): void;
}

/** Keys shown for each kind of reason; all of them are in the planner's JSON. */
const shownKeys = 3;

/** Longest key shown, in characters. */
const maxKeyLength = 120;

function showKey(key: string): string {
  return JSON.stringify(key.length > maxKeyLength ? `${key.slice(0, maxKeyLength)}…` : key);
}

/** Renders the rejected keys: how many, and for each kind of reason how many and the first few. */
export function describeRejected({ source, accepted, rejected }: ModelReport): string {
  const kinds = new Map<string, { reason: string; keys: string[] }>();
  for (const { key, reason } of rejected) {
    // Reasons that differ only in what they quote or count are one kind.
    const kind = reason.replace(/".*"/su, "").replace(/\d+/g, "");
    const group = kinds.get(kind) ?? { reason: reason.replace(/:? ".*"/su, ""), keys: [] };
    group.keys.push(key);
    kinds.set(kind, group);
  }
  const lines = [...kinds.values()]
    .sort((a, b) => b.keys.length - a.keys.length)
    .map(({ reason, keys }) => {
      const more = keys.length > shownKeys ? `, and ${keys.length - shownKeys} more` : "";
      return `  ${keys.length} × ${reason}: ${keys.slice(0, shownKeys).map(showKey).join(", ")}${more}`;
    });
  const keys = rejected.length === 1 ? "1 key is not a model" : `${rejected.length} keys are not models`;
  return `${source}: ${keys} (${accepted.length} are)\n${lines.join("\n")}`;
}

/** The report of a deployment: the engine's own log. */
export const engineReport: Report = {
  warn(message) {
    void pulumi.log.warn(message);
  },
  models(report) {
    void pulumi.log.info(`${report.source}: ${report.accepted.length} models`);
    for (const note of report.notes ?? []) void pulumi.log.info(note);
    if (report.rejected.length > 0) void pulumi.log.warn(describeRejected(report));
  },
};
