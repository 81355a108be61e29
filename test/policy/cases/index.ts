import { blockStorage } from "./block-storage";
import { costAndTrading } from "./cost-and-trading";
import { encryptionData } from "./encryption-data";
import { encryptionServices } from "./encryption-services";
import { governance } from "./governance";
import { identity } from "./identity";
import { logging } from "./logging";
import { networkAddresses } from "./network-addresses";
import { networkRules } from "./network-rules";
import { networkServices } from "./network-services";
import { resilienceData } from "./resilience-data";
import { resilienceRunning } from "./resilience-running";
import { stageIsolation } from "./stage-isolation";

/** Every table, policy by policy. */
export const tables = [
  ...blockStorage,
  ...encryptionData,
  ...encryptionServices,
  ...networkAddresses,
  ...networkServices,
  ...networkRules,
  ...identity,
  ...stageIsolation,
  ...logging,
  ...resilienceData,
  ...resilienceRunning,
  ...costAndTrading,
  ...governance,
];
