import type { Plan } from "../json";
import type { Verdict } from "./targets";
import type { Loss } from "./without";

const groups = [
  ["lost", "Lost"],
  ["atRisk", "Lost or not, as AWS placed it"],
  ["cutOff", "Cut off from what it needs"],
  ["less", "Works on"],
] as const;

/** Alike resources beyond this many are counted. */
const shownAtMost = 12;

/** A loss as data, for `--format json`. */
export function lossAsData(loss: Loss, targets: readonly Verdict[], plan: Plan) {
  const byUrn = new Map(plan.resources.map((resource) => [resource.urn, resource]));
  const list = (found: ReadonlyMap<string, string>) =>
    [...found]
      .map(([urn, why]) => ({ urn, type: byUrn.get(urn)?.type ?? "", name: byUrn.get(urn)?.name ?? "", why }))
      .sort((a, b) => (a.type < b.type ? -1 : a.type > b.type ? 1 : a.name < b.name ? -1 : 1));
  return {
    without: loss.without,
    lost: list(loss.lost),
    atRisk: list(loss.atRisk),
    cutOff: list(loss.cutOff),
    less: list(loss.less),
    targets: [...targets],
  };
}

/** A loss as text. */
export function renderLoss(loss: Loss, targets: readonly Verdict[], plan: Plan): string {
  const data = lossAsData(loss, targets, plan);
  const lines = [
    `Without ${loss.without}: ${data.lost.length} of ${plan.resources.length} resources of ${plan.stack} are lost`,
  ];
  for (const [key, title] of groups) {
    const found = data[key];
    if (found.length === 0) continue;
    lines.push("", `${title}: ${found.length}`);
    const byKind = new Map<string, typeof found>();
    for (const one of found)
      byKind.set(`${one.type}\0${one.why}`, [...(byKind.get(`${one.type}\0${one.why}`) ?? []), one]);
    for (const alike of byKind.values()) {
      for (const { name, type, why } of alike.slice(0, shownAtMost)) lines.push(`  ${name}  ${type}: ${why}`);
      if (alike.length > shownAtMost) lines.push(`  and ${alike.length - shownAtMost} more of ${alike[0]?.type ?? ""}`);
    }
  }
  lines.push("", targets.length > 0 ? "Recovery targets" : "Recovery targets: none is declared (section backups)");
  for (const { component, rtoMinutes, rpoMinutes, verdict, because } of targets) {
    const rpo = rpoMinutes === undefined ? "" : `, RPO ${rpoMinutes} min`;
    lines.push(`  ${component}, RTO ${rtoMinutes} min${rpo}: ${verdict}; ${because}`);
  }
  return `${lines.join("\n")}\n`;
}
