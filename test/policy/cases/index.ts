import { blockStorage } from "./block-storage";
import { governance } from "./governance";

/** Every table, policy by policy. */
export const tables = [...blockStorage, ...governance];
