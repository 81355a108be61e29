import type { Family } from "../frame/policy";
import { databases } from "./databases";
import { running } from "./running";
import { state } from "./state";

export const resilience: Family = {
  key: "resilience",
  title: "Resilience",
  policies: [...databases, ...state, ...running],
};
