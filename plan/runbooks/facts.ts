/** What the runbooks are made from: every alarm of every stack and blueprint, as a plan registers it. */
import { readdirSync } from "node:fs";
import * as path from "node:path";
import { runbookOf } from "../../components/operations/runbook-links";
import { makePlan } from "../plan";

/** One alarm of one stack. */
export interface AlarmFact {
  /** Stack file that makes it. */
  readonly stack: string;
  readonly name: string;
  readonly runbook: string;
  readonly description: string;
  /** `> 80 for 300 s`; empty where it follows from other alarms. */
  readonly condition: string;
  readonly metric?: string;
  readonly namespace?: string;
}

/** What a stack promises of a component, in minutes. */
export interface RecoveryPromise {
  readonly stack: string;
  readonly component: string;
  readonly rtoMinutes?: number;
  readonly rpoMinutes?: number;
}

export interface Facts {
  readonly alarms: readonly AlarmFact[];
  readonly promises: readonly RecoveryPromise[];
}

type Inputs = Readonly<Record<string, unknown>>;

const sides: Readonly<Record<string, string>> = {
  GreaterThanThreshold: ">",
  GreaterThanOrEqualToThreshold: ">=",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "<=",
};

function conditionOf(inputs: Inputs): string {
  if (inputs.alarmRule !== undefined) return "";
  const periods = Number(inputs.evaluationPeriods ?? 1);
  const queries = (inputs.metricQueries ?? []) as { period?: number; metric?: { period?: number } }[];
  const period = Number(
    inputs.period ?? queries.map((one) => one.period ?? one.metric?.period).find((one) => one) ?? 60,
  );
  const missing = inputs.treatMissingData === "breaching" ? "; silence counts" : "";
  return `${sides[String(inputs.comparisonOperator)] ?? "?"} ${Number(inputs.threshold)} for ${period * periods} s${missing}`;
}

const alarmTypes = ["aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"];

/** The sentence about the runbook says nothing in the runbook. */
const withoutLink = (text: string) => text.replace(/ ?Runbook: \S+$/, "").trim();

/** Stack files whose alarms the runbooks cover. */
export function stackFiles(root: string): string[] {
  const yaml = (folder: string, form: RegExp) =>
    readdirSync(path.join(root, folder))
      .filter((file) => form.test(file) && !file.endsWith(".deploy.yaml"))
      .map((file) => path.join(folder, file));
  return [...yaml(".", /^Pulumi\.[\w-]+\.yaml$/), ...yaml("blueprints", /^[\w-]+\.yaml$/)].sort();
}

/** Evaluates every stack file and reads its alarms. */
export async function collectFacts(root: string): Promise<Facts> {
  const alarms: AlarmFact[] = [];
  const promises = new Map<string, RecoveryPromise>();
  for (const file of stackFiles(root)) {
    const stack = path.basename(file, ".yaml").replace("Pulumi.", "");
    const { plan } = await makePlan({ root, configFile: path.join(root, file), policies: false });
    for (const { type, name, inputs } of plan.resources) {
      if (!alarmTypes.includes(type)) continue;
      const metric = inputs.metricName as string | undefined;
      const namespace = inputs.namespace as string | undefined;
      alarms.push({
        stack,
        name,
        runbook: runbookOf({ type, name, metric, namespace }),
        // Without the stack's name the same sentence of two stacks is one.
        description: withoutLink(String(inputs.alarmDescription)).replaceAll(`${plan.project}-${plan.stack}-`, ""),
        condition: conditionOf(inputs),
        metric,
        namespace,
      });
      const promise = /^backups-(.+)-(rto|rpo)$/.exec(name);
      if (promise) {
        const [, component = "", kind] = promise;
        const key = `${stack} ${component}`;
        const minutes = { [`${String(kind)}Minutes`]: Number(inputs.threshold) / 60 };
        promises.set(key, { ...promises.get(key), stack, component, ...minutes });
      }
    }
  }
  return { alarms, promises: [...promises.values()] };
}
