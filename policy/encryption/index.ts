import type { Family } from "../frame/policy";
import { blockStorage } from "./block-storage";
import { databases } from "./databases";
import { messaging } from "./messaging";
import { secretsAndKeys } from "./secrets-and-keys";
import { storage } from "./storage";
import { transport } from "./transport";

export const encryption: Family = {
  key: "encryption",
  title: "Encryption",
  policies: [...blockStorage, ...databases, ...storage, ...messaging, ...secretsAndKeys, ...transport],
};
