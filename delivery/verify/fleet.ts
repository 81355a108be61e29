import { EC2Client, type Instance } from "@aws-sdk/client-ec2";
import * as path from "node:path";
import { DeployBucket, readBucket, readListingFile } from "../../components/trading/model-catalog";
import { shardOf } from "../../components/trading/model-driven-fleet";
import { addDays, wallClock, zoneOf } from "../../lambdas/common/exchange-calendar";
import { findInstances, idOf, isHeld } from "../../lambdas/common/instances";
import { runningWindows, type WindowSettings } from "../../lambdas/common/running-windows";
import type { Settings } from "../../config";
import { count, judged, skipped, tagsOf, type Check, type Finding, type Subject } from "./check";

/** Findings of one kind that are written out; the rest is counted. */
const shown = 20;

/** Days around a moment in which a window that holds it can begin: Globex runs through a week. */
const lookAroundDays = 10;

/** Minutes after a window's start in which instances may still be on their way up. */
const startingMinutes = 15;

/** Whether the calendar has the fleet running at a moment, with the time for starting taken off. */
export function isDue(windows: WindowSettings, at: Date): boolean {
  const { date } = wallClock(at, zoneOf(windows.exchange));
  return runningWindows(windows, addDays(date, -lookAroundDays), addDays(date, lookAroundDays)).some(
    ({ startsAt, stopsAt }) => startsAt.getTime() + startingMinutes * 60_000 <= at.getTime() && at < stopsAt,
  );
}

/** The model key that an instance was made for, put together from its tags. */
export function modelKeyOf({ Tags }: Instance): string {
  const tags = tagsOf(Tags);
  let key = tags["model-key"] ?? "";
  for (let piece = 2; tags[`model-key-${piece}`] !== undefined; piece++) key += tags[`model-key-${piece}`] ?? "";
  return key;
}

/** What of a fleet differs from its listing. Pure. */
export function compareFleet(listed: readonly string[], instances: readonly Instance[], due: boolean): Finding[] {
  const byKey = new Map<string, Instance[]>();
  for (const instance of instances) {
    const key = modelKeyOf(instance);
    byKey.set(key, [...(byKey.get(key) ?? []), instance]);
  }
  const wanted = new Set(listed);
  const findings: Finding[] = listed
    .filter((key) => !byKey.has(key))
    .map((what) => ({ what, problem: "is listed and has no instance" }));
  for (const [key, made] of byKey) {
    const ids = made.map(idOf).join(", ");
    if (!wanted.has(key)) findings.push({ what: ids, problem: `runs ${key || "no model"}, which is not listed` });
    else if (made.length > 1) findings.push({ what: key, problem: `has ${made.length} instances: ${ids}` });
    for (const instance of made) {
      const state = instance.State?.Name ?? "unknown";
      if (due && wanted.has(key) && state !== "running" && !isHeld(instance)) {
        findings.push({ what: idOf(instance), problem: `is ${state} while its exchange trades` });
      }
    }
  }
  return findings;
}

/** The keys that this stack's fleet has to run. */
async function listedKeys(
  { settings, client, root }: Subject,
  fleet: NonNullable<Settings["fleet"]>,
): Promise<string[]> {
  const { source, bucket, prefix, listing, shard } = fleet;
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const open = new DeployBucket(bucket, { region: settings.region, profile: client.profile, endpoint });
  try {
    const catalog =
      source === "bucket"
        ? await readBucket(open, prefix)
        : readListingFile(path.resolve(root, listing ?? ""), prefix).catalog;
    const keys = catalog.accepted.map(({ key }) => key);
    return shard ? keys.filter((key) => shardOf(key, shard.count) === shard.index) : keys;
  } finally {
    open.close();
  }
}

/** One instance for each model of the listing, no other, and running while the exchange trades. */
export const fleet: Check = async (subject) => {
  const { settings, client, now } = subject;
  if (!settings.fleet) return skipped("fleet", "the stack has no fleet");
  const ec2 = new EC2Client(client);
  const { project, stack, schedule, stage } = settings;
  const states = ["pending", "running", "stopping", "stopped"];
  const [listed, instances] = await Promise.all([
    listedKeys(subject, settings.fleet),
    findInstances(ec2, { project, stack, components: ["fleet"] }, states),
  ]);
  const armed = stage !== "dev" && schedule?.components.includes("fleet") === true;
  const due = armed && isDue(schedule, now);
  const findings = compareFleet(listed, instances, due);
  const more = findings.length - shown;
  const told = more > 0 ? [...findings.slice(0, shown), { what: "fleet", problem: `${more} more of these` }] : findings;
  const summary = `${count(listed.length, "model")} listed, ${count(instances.length, "instance")}${due ? ", market open" : ""}`;
  return judged("fleet", told, summary);
};
