import type { Family } from "./frame/policy";
import { encryption } from "./encryption";
import { governance } from "./governance";
import { network } from "./network";

/** Every family, in the order of the catalogue. Governance comes last: it looks at which waivers were needed. */
export const families: readonly Family[] = [encryption, network, governance];
