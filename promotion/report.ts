import Table from "cli-table3";
import type { AmiKind, AmiProof, AmiStage } from "../components/common/ami-pointer";
import type { Verdict } from "../lambdas/ami-reaper/core";
import type { Change } from "./promote";

/** One pointer as it is shown. */
export interface Shown {
  readonly stage: AmiStage;
  readonly kind: AmiKind;
  readonly pointer: string;
  readonly ami: string;
  readonly name: string | undefined;
  readonly created: string | undefined;
  readonly proof: AmiProof | undefined;
}

const borderless = { head: [], border: [] };

/** A proof in a few words. */
export function describeProof(proof: AmiProof | undefined): string {
  if (!proof) return "-";
  const day = proof.at.slice(0, 10);
  if (proof.override !== undefined) return `let through on ${day}: ${proof.override}`;
  return `ran in ${proof.ranIn ?? "?"} on ${day} (${proof.instances ?? "?"} instances, up to ${proof.hours ?? "?"} h)`;
}

export function showPointers(shown: readonly Shown[]): string {
  if (shown.length === 0)
    return "There are no pointers yet: npm run ami -- set <kind> <ami> --yes makes the first one.\n";
  const table = new Table({ head: ["stage", "kind", "AMI", "name", "created", "proof"], style: borderless });
  for (const { stage, kind, ami, name, created, proof } of shown)
    table.push([
      stage,
      kind,
      ami,
      name ?? "(not seen from this account)",
      created?.slice(0, 10) ?? "",
      describeProof(proof),
    ]);
  return `${table.toString()}\n`;
}

export function showChange(change: Change): string {
  const { kind, to, pointer, before, after, differences, proof, refused, written } = change;
  const lines = [`${pointer}: ${before ?? "(none)"} -> ${after}${before === after ? " (the same)" : ""}`];
  if (differences.length > 0) {
    const table = new Table({ head: ["", "now", "then"], style: borderless });
    for (const { fact, before: old, after: fresh } of differences) table.push([fact, old ?? "-", fresh ?? "-"]);
    lines.push(table.toString());
  }
  if (refused !== undefined) {
    lines.push(
      `Refused: ${to} takes only images that qa has run, and ${refused}.`,
      `  fix: let it run in qa, then: npm run ami -- prove ${kind}; or give --override REASON, which is kept`,
    );
  } else {
    if (proof) lines.push(`Proof: ${describeProof(proof)}`);
    lines.push(written ? "Written. Instances take it when they start." : "Nothing was changed; --yes writes it.");
  }
  return `${lines.join("\n")}\n`;
}

export function showVerdicts(verdicts: readonly Verdict[], removed: boolean): string {
  if (verdicts.length === 0) return "No image of this account carries the tag image-kind: there is nothing to reap.\n";
  const table = new Table({ head: ["", "AMI", "kind", "name", "why", "snapshots"], style: borderless });
  const word = removed ? "gone" : "would go";
  for (const { reap, ami, kind, name, why, snapshots } of verdicts)
    table.push([reap ? word : "stays", ami, kind, name, why, snapshots.join(" ")]);
  return `${table.toString()}\n${removed ? "" : "Nothing was removed; --yes removes them.\n"}`;
}
