import { cost } from "./cost";
import { encryption } from "./encryption";
import type { Family } from "./frame/policy";
import { governance } from "./governance";
import { identity } from "./identity";
import { logging } from "./logging";
import { network } from "./network";
import { resilience } from "./resilience";
import { trading } from "./trading";

/** Every family, in the order of the catalogue. Governance comes last: it looks at which waivers were needed. */
export const families: readonly Family[] = [
  encryption,
  network,
  identity,
  logging,
  resilience,
  cost,
  trading,
  governance,
];
