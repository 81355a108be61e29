/** Starts the policy pack's server. The only module that does so: starting it is a side effect of `new PolicyPack`. */
import "./frame/load-later";
import { PolicyPack } from "@pulumi/policy";
import { families } from "./families";
import { toPulumiPolicies } from "./frame/glue";
import { session } from "./frame/session";
import { decodeRequestsOnce, observeEngine } from "./frame/engine";

observeEngine(session);
decodeRequestsOnce();

// The planner holds the other end of standard input: when it goes away, however it ends, so does this server.
if (process.env.POLICY_PACK_ENDS_WITH_STDIN) {
  process.stdin.on("end", () => process.exit(0));
  process.stdin.on("error", () => process.exit(0));
  process.stdin.resume();
}

const policies = families.flatMap((family) => family.policies);
new PolicyPack("trading-platform", {
  displayName: "Trading platform",
  description: "Encryption, network exposure, identity, logging, resilience, cost and trading safety",
  enforcementLevel: "mandatory",
  policies: toPulumiPolicies(policies, session),
});
