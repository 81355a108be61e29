import type { Family, Policy } from "../frame/policy";

/** The rules about the rules: a waiver is complete, in force, and needed. */
export const waiversValid: Policy = {
  name: "waivers-valid",
  description: "Every waiver names its policy, resource, reason, owner and last day, and is still in force.",
  severity: "high",
  level: "mandatory",
  fix: "Renew the waiver with its owner, or remove it and mend the resource",
  url: "https://www.pulumi.com/docs/insights/policy/",
  stackRule: (_stack, report, { reviewWaivers }) => {
    const { refused, expired, unused, strange } = reviewWaivers();
    for (const { where, problem } of refused) report(`${where} is refused: it ${problem}`);
    for (const waiver of strange) report(`A waiver names ${waiver.policy}, which is not a policy`);
    for (const { policy, resource, owner, expires } of expired) {
      report(`The waiver of ${policy} for ${resource} by ${owner} expired on ${expires}`);
    }
    for (const { policy, resource } of unused) {
      report(`No violation of ${policy} needs the waiver for ${resource} any more`, undefined, { advisory: true });
    }
  },
};

export const governance: Family = { key: "governance", title: "Waivers", policies: [waiversValid] };
