import type { Family } from "../frame/policy";
import { modes } from "./modes";
import { running } from "./running";

export const trading: Family = { key: "trading", title: "Trading safety", policies: [...modes, ...running] };
