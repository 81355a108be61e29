import type { Cloud } from "../../components/common/iam";

/** What the names of a stack's resources begin with, as IAM patterns, by service. */
export type NamePatterns = readonly string[];

/**
 * Resources of a service whose ARNs hold the name that Pulumi gives, or the program fixes; `{n}` is the pattern of a name.
 * Without a Region where the service has none. From AWS's service authorization reference.
 */
const named: Readonly<Record<string, { readonly global?: boolean; readonly kinds: readonly string[] }>> = {
  autoscaling: { kinds: ["autoScalingGroup:*:autoScalingGroupName/{n}"] },
  backup: { kinds: ["backup-vault:{n}"] },
  batch: { kinds: ["compute-environment/{n}", "job-queue/{n}", "job-definition/{n}"] },
  budgets: { global: true, kinds: ["budget/{n}"] },
  cloudtrail: { kinds: ["trail/{n}"] },
  cloudwatch: { kinds: ["alarm:{n}"] },
  dynamodb: { kinds: ["table/{n}"] },
  ecr: { kinds: ["repository/{n}"] },
  ecs: { kinds: ["cluster/{n}", "service/{n}", "task-definition/{n}"] },
  elasticache: {
    kinds: ["cluster:{n}", "parametergroup:{n}", "replicationgroup:{n}", "subnetgroup:{n}", "usergroup:{n}"],
  },
  elasticloadbalancing: {
    kinds: ["loadbalancer/*/{n}", "listener/*/{n}", "listener-rule/*/{n}", "targetgroup/{n}"],
  },
  events: { kinds: ["rule/{n}"] },
  firehose: { kinds: ["deliverystream/{n}"] },
  glue: { kinds: ["catalog", "database/{n}", "table/{n}"] },
  iam: { global: true, kinds: ["role/{n}", "instance-profile/{n}", "policy/{n}", "oidc-provider/oidc.eks.*"] },
  kinesis: { kinds: ["stream/{n}"] },
  lambda: { kinds: ["function:{n}"] },
  logs: { kinds: ["log-group:{n}"] },
  rds: { kinds: ["db:{n}", "pg:{n}", "subgrp:{n}", "snapshot:{n}", "og:default*", "auto-backup:*"] },
  scheduler: { kinds: ["schedule-group/{n}", "schedule/{n}"] },
  secretsmanager: { kinds: ["secret:{n}"] },
  sns: { kinds: ["{n}"] },
  sqs: { kinds: ["{n}"] },
  ssm: { kinds: ["document/{n}", "parameter/{n}"] },
  states: { kinds: ["stateMachine:{n}"] },
  wafv2: { kinds: ["*/webacl/{n}", "*/ipset/{n}", "*/regexpatternset/{n}", "*/managedruleset/*"] },
};

/** Services without a Region in their ARNs, beside the named ones. */
const global = new Set(["cloudfront", "route53"]);

/** Services whose ids are AWS's own: an ARN can only say the account and the Region. */
export const isNamed = (service: string): boolean => service === "s3" || service in named;

/** Services whose ARNs go on behind the name: an id, a version, a stream, a node. */
export const addsToNames: ReadonlySet<string> = new Set([
  "ecs",
  "elasticache",
  "elasticloadbalancing",
  "logs",
  "scheduler",
  "secretsmanager",
  "wafv2",
]);

/** ARNs of a service's resources that a stack makes. */
export function arnsOf(service: string, names: NamePatterns, cloud: Cloud): string[] {
  const { partition, region, accountId } = cloud;
  if (service === "s3") return names.flatMap((n) => [`arn:${partition}:s3:::${n}`, `arn:${partition}:s3:::${n}/*`]);
  if (service === "route53") return ["hostedzone/*", "change/*"].map((it) => `arn:${partition}:route53:::${it}`);
  const entry = named[service];
  const place = entry?.global === true || global.has(service) ? "" : region;
  const prefix = `arn:${partition}:${service}:${place}:${accountId}:`;
  if (!entry) return [`${prefix}*`];
  return entry.kinds.flatMap((kind) =>
    kind.includes("{n}")
      ? names.map((n) => prefix + kind.replace("{n}", n.replace(/^\//, kind.startsWith("parameter") ? "" : "/")))
      : [prefix + kind],
  );
}
