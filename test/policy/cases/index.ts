import { blockStorage } from "./block-storage";
import { encryptionData } from "./encryption-data";
import { encryptionServices } from "./encryption-services";
import { governance } from "./governance";
import { networkAddresses } from "./network-addresses";
import { networkRules } from "./network-rules";
import { networkServices } from "./network-services";

/** Every table, policy by policy. */
export const tables = [
  ...blockStorage,
  ...encryptionData,
  ...encryptionServices,
  ...networkAddresses,
  ...networkServices,
  ...networkRules,
  ...governance,
];
