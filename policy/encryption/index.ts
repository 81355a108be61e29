import type { Family } from "../frame/policy";
import { blockStorage } from "./block-storage";

export const encryption: Family = {
  key: "encryption",
  title: "Encryption",
  policies: [...blockStorage],
};
