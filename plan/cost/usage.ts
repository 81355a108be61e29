import * as path from "node:path";
import { z } from "zod";
import { accept } from "../settings/accept";
import { isObject, readYaml } from "../settings/yaml-file";

const amounts = <K extends string>(...keys: K[]) =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, z.number().nonnegative()])) as Record<K, z.ZodNumber>);

const usageSchema = z.strictObject({
  natGateway: amounts("dataGb"),
  vpcEndpoint: amounts("dataGb"),
  loadBalancer: amounts("lcu"),
  waf: amounts("requestsMillions"),
  kms: amounts("requests10k"),
  secret: amounts("requests10k"),
  logGroup: amounts("ingestedGb", "storedGb"),
  sns: amounts("requestsMillions"),
  sqs: amounts("requestsMillions"),
  stateMachine: amounts("transitions1k"),
  lambda: amounts("requestsMillions", "durationSeconds"),
  bucket: amounts("storedGb", "put1k"),
  dynamodb: amounts("storedGb", "writeMillions", "readMillions"),
  efs: amounts("storedGb"),
  ecr: amounts("storedGb"),
  snapshots: amounts("storedGb"),
  database: amounts("backupGb"),
  config: amounts("items", "evaluations"),
  cloudtrail: amounts("dataEvents100k"),
  eventBus: amounts("eventsMillions"),
  firehose: amounts("ingestedGb"),
  cloudfront: amounts("outGb", "functionMillions"),
  schedule: amounts("invocationsMillions"),
  logDelivery: amounts("deliveredGb"),
  athena: amounts("scannedTb"),
  guardduty: amounts("eventsMillions", "flowLogsGb"),
  securityHub: amounts("checks"),
  restoreTest: amounts("recoveryPoints"),
  backupCopy: amounts("storedGb"),
  batch: amounts("vcpuHours"),
  stoppedWhenIdle: amounts("hours"),
  localZone: amounts("surcharge"),
  advice: amounts("computeSavingsPlan", "databaseReserved"),
});

/** A month's use of each kind of resource, as `usage.yaml` documents it. */
export type Usage = z.infer<typeof usageSchema>;

const form = "usage is a mapping of kinds to amounts, as in plan/cost/usage.yaml";

/**
 * The documented assumptions, with a stack's own in their place.
 * @throws UsageError where the file cannot be read or names what does not exist
 */
export function loadUsage(own?: { readonly file: string; readonly shown: string }): Usage {
  const shown = own ? `--usage ${own.shown}` : "usage.yaml";
  const usage = readYaml(path.join(__dirname, "usage.yaml"), "usage.yaml", form);
  for (const [kind, values] of Object.entries(own ? readYaml(own.file, shown, form) : {})) {
    const assumed = usage[kind];
    usage[kind] = isObject(assumed) && isObject(values) ? { ...assumed, ...values } : values;
  }
  return accept(usageSchema, usage, shown);
}
