/** The stack that is measured: `dev` with a fleet of so many models. */
import { writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { withModels } from "../plan/settings/model-source";
import { projectRoot } from "../plan/settings/project";
import { readStackConfig, type StackConfig } from "../plan/settings/stack-config";

/** Stack, settings and listing of a fleet of so many models. */
export function planOf(models: number): { stack: string; config: string[]; models: string } {
  const listing = path.join(os.tmpdir(), `bench-${process.pid}-${models}.txt`);
  const keys = Array.from(
    { length: models },
    (_, index) => `models/momentum/S${index}/lstm-outer_${index % 7}_inner_${index % 3}\n`,
  );
  writeFileSync(listing, keys.join(""));
  // App subnets that 10,000 instances fit into; the others keep small ones.
  const overrides = [
    "network.cidr=10.0.0.0/16",
    "network.subnets={public: [10.0.0.0/24, 10.0.1.0/24], app: [10.0.64.0/18, 10.0.128.0/18], data: [10.0.2.0/24, 10.0.3.0/24]}",
  ];
  return { stack: "dev", config: overrides, models: listing };
}

export function settingsFor(models: number): StackConfig {
  const root = projectRoot();
  const { stack, config: overrides, models: listing } = planOf(models);
  return withModels(readStackConfig({ root, stack, configFile: undefined, overrides }), listing, root);
}
