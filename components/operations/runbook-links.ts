import type * as pulumi from "@pulumi/pulumi";
import { slug } from "../common/naming";
import { applicationMetrics } from "./monitoring/applications";

/** What decides which runbook an alarm has. */
export interface AlarmKind {
  readonly type: string;
  readonly name: string;
  readonly namespace?: pulumi.Input<string | undefined>;
  readonly metric?: pulumi.Input<string | undefined>;
}

/** Folder of the runbooks in the repository. */
export const runbookFolder = "docs/runbooks/alarms";

/**
 * The runbook of an alarm: one for each metric, as the first steps are the same wherever it is measured; one for composites,
 * and one for each alarm that is computed of several metrics.
 */
export function runbookOf({ type, name, namespace, metric }: AlarmKind): string {
  if (type.endsWith(":CompositeAlarm")) return "composite";
  // An application's namespace holds its stack's name, and its runbook is every stack's.
  if (typeof metric === "string" && metric in applicationMetrics) return slug(`application ${metric}`, 80);
  if (typeof namespace === "string" && typeof metric === "string") return slug(`${namespace} ${metric}`, 80);
  return slug(name, 80);
}

/** The sentence at the end of an alarm's description. */
export function runbookLink(kind: AlarmKind): string {
  return `Runbook: ${runbookFolder}/${runbookOf(kind)}.md`;
}
