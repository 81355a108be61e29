import type { Family } from "../frame/policy";
import { permissions } from "./permissions";
import { secrets } from "./secrets";
import { trust } from "./trust";

export const identity: Family = {
  key: "identity",
  title: "Identity and secrets",
  policies: [...permissions, ...trust, ...secrets],
};
