import * as pulumi from "@pulumi/pulumi";

/** A model that gets an instance. */
export interface AcceptedModel {
  /** Object key in the bucket, `models/<type>/<symbol>/<model>-outer_<outer>_inner_<inner>`. */
  readonly key: string;
  readonly type: string;
  readonly symbol: string;
  readonly model: string;
  readonly outer: number;
  readonly inner: number;
}

/** A key of the listing that gets none, and why. */
export interface RejectedKey {
  readonly key: string;
  readonly reason: string;
}

/** Every key of a listing: accepted, or rejected with its reason. */
export interface ModelReport {
  readonly accepted: readonly AcceptedModel[];
  readonly rejected: readonly RejectedKey[];
}

/** Where the program tells its user what no resource shows. */
export interface Report {
  /** Something that works and deserves a look. */
  warn(message: string): void;
  /** What the fleet's listing came to. */
  models(catalog: ModelReport): void;
}

/** Rejected keys that are named one by one in an engine's log; the rest are counted. */
const namedKeys = 20;

/** The report of a deployment: the engine's own log. */
export const engineReport: Report = {
  warn(message) {
    void pulumi.log.warn(message);
  },
  models({ accepted, rejected }) {
    void pulumi.log.info(`${accepted.length} models accepted, ${rejected.length} keys rejected`);
    for (const { key, reason } of rejected.slice(0, namedKeys)) {
      void pulumi.log.warn(`Rejected ${JSON.stringify(key)}: ${reason}`);
    }
    if (rejected.length > namedKeys) void pulumi.log.warn(`and ${rejected.length - namedKeys} more rejected keys`);
  },
};
