/** What a stack has promised about recovery, and whether a loss leaves the promise standing. */
import { contextFor } from "../../config/section";
import { sections } from "../../config/sections";
import type { Plan, PlannedResource } from "../json";
import type { Loss } from "./without";

interface Promise {
  readonly component: string;
  readonly rtoMinutes: number;
  readonly rpoMinutes: number | undefined;
}

export interface Verdict extends Promise {
  /** `kept` by what stands elsewhere, `missed` where nothing does, `unmeasured` where only a restore helps. */
  readonly verdict: "kept" | "unmeasured" | "missed";
  readonly because: string;
}

/** The recovery targets of a stack's configuration, with their defaults; none where it has no backups section. */
export function promisesOf(config: Readonly<Record<string, string>>, plan: Plan, region: string): Promise[] {
  const text = config[`${plan.project}:backups`];
  if (text === undefined) return [];
  const { enabled: _enabled, ...fields } = JSON.parse(text) as Record<string, unknown>;
  const { targets } = sections.backups.schema(contextFor(plan.stage, region)).parse(fields);
  return [
    { component: "database", ...targets.database },
    { component: "models", ...targets.models },
    ...Object.entries(targets.services).map(([component, { rtoMinutes }]) => ({
      component,
      rtoMinutes,
      rpoMinutes: undefined,
    })),
  ];
}

/** The data platform's own; MLflow has one beside it, which takes nothing over. */
const isDatabase = ({ type, name }: PlannedResource) =>
  (type === "aws:rds/instance:Instance" && name.startsWith("data-")) ||
  (type === "aws:ec2/instance:Instance" && name.startsWith("data-timescale"));
const isReplica = ({ propertyDependencies }: PlannedResource) => propertyDependencies.replicateSourceDb !== undefined;

function database(plan: Plan, loss: Loss): Pick<Verdict, "verdict" | "because"> | undefined {
  const all = plan.resources.filter((one) => isDatabase(one) && !isReplica(one));
  if (all.length === 0) return undefined;
  const hit = all.filter(({ urn }) => loss.lost.has(urn) || loss.atRisk.has(urn));
  const names = (list: readonly PlannedResource[]) => list.map(({ name }) => name).join(", ");
  if (hit.length === 0) {
    const because = all.map((one) => `${one.name}: ${loss.less.get(one.urn) ?? "works on"}`).join(", ");
    return { verdict: "kept", because };
  }
  const left = all.filter((one) => !hit.includes(one));
  if (left.length > 0) return { verdict: "kept", because: `${names(left)} takes over from ${names(hit)}` };
  return {
    verdict: "unmeasured",
    because: `${names(hit)} has nothing that takes over: it is restored from its backups, and the restore test says how long that takes`,
  };
}

function service(plan: Plan, loss: Loss, key: string): Pick<Verdict, "verdict" | "because"> {
  const found = plan.resources.find(
    ({ type, name }) => type === "awsx:ecs:FargateService" && name === `services-${key}-service`,
  );
  if (!found) return { verdict: "unmeasured", because: "there is no such service in the plan" };
  const why = loss.lost.get(found.urn);
  if (why) return { verdict: "missed", because: `${found.name} is lost: ${why}` };
  const less = loss.less.get(found.urn);
  return { verdict: "kept", because: less ? `${found.name}: ${less}` : `${found.name} works on` };
}

/** Each promise beside what a loss leaves. */
export function judge(promises: readonly Promise[], plan: Plan, loss: Loss): Verdict[] {
  return promises.flatMap((promise) => {
    if (promise.component === "models") {
      const because = "S3 keeps objects in three zones or more, and a copy in another Region where one is asked for";
      return [{ ...promise, verdict: "kept" as const, because }];
    }
    const found = promise.component === "database" ? database(plan, loss) : service(plan, loss, promise.component);
    return found ? [{ ...promise, ...found }] : [];
  });
}
