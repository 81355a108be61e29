/** Which resources of a plan an alarm watches, and which none does. */
import type { Plan, PlannedResource } from "../json";

/** What can be watched, and the properties that an alarm's dimension could spell out. */
const watchable: readonly string[] = [
  "aws:rds/instance:Instance",
  "aws:elasticache/replicationGroup:ReplicationGroup",
  "aws:dynamodb/table:Table",
  "aws:efs/fileSystem:FileSystem",
  "aws:ebs/volume:Volume",
  "aws:ec2/instance:Instance",
  "aws:ec2/natGateway:NatGateway",
  "aws:autoscaling/group:Group",
  "aws:ecs/service:Service",
  "awsx:ecs:FargateService",
  "eks:index:Cluster",
  "aws:lb/loadBalancer:LoadBalancer",
  "awsx:lb:ApplicationLoadBalancer",
  "aws:lb/targetGroup:TargetGroup",
  "aws:cloudfront/distribution:Distribution",
  "aws:wafv2/webAcl:WebAcl",
  "aws:lambda/function:Function",
  "aws:sfn/stateMachine:StateMachine",
  "aws:sqs/queue:Queue",
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
  "aws:secretsmanager/secretRotation:SecretRotation",
  "aws:backup/vault:Vault",
  "aws:batch/jobQueue:JobQueue",
];

const watcherTypes = ["aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/eventRule:EventRule"];

export interface Coverage {
  /** Names of the alarms by the watched resource's URN. */
  readonly watched: Readonly<Record<string, readonly string[]>>;
  readonly unwatched: readonly { readonly urn: string; readonly type: string; readonly name: string }[];
}

const nameProperties = ["name", "identifier", "replicationGroupId", "functionName", "bucket"];

const dimensionsOf = ({ inputs }: PlannedResource): string[] => {
  const of = (value: unknown) =>
    value !== null && typeof value === "object" ? Object.values(value).filter((one) => typeof one === "string") : [];
  const queries = Array.isArray(inputs.metricQueries) ? (inputs.metricQueries as Record<string, unknown>[]) : [];
  return [
    inputs.dimensions,
    ...queries.map(({ metric }) => (metric as { dimensions?: unknown } | undefined)?.dimensions),
  ].flatMap(of);
};

/** Alarms of a fleet ask for all instances at once: a query over the account's instances watches each of them. */
const watchesAllInstances = ({ inputs }: PlannedResource) =>
  JSON.stringify(inputs.metricQueries ?? []).includes('FROM SCHEMA(\\"AWS/EC2\\", InstanceId)');

/** The alarms of each resource that can be watched. */
export function coverageOf(plan: Pick<Plan, "resources">): Coverage {
  const watchers = plan.resources.filter(({ type }) => watcherTypes.includes(type));
  const byUrn = new Map<string, string[]>();
  const byName = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, name: string) => map.set(key, [...(map.get(key) ?? []), name]);
  for (const watcher of watchers) {
    for (const urn of new Set(Object.values(watcher.propertyDependencies).flat())) add(byUrn, urn, watcher.name);
    for (const value of dimensionsOf(watcher)) add(byName, value, watcher.name);
  }
  const forInstances = watchers.filter(watchesAllInstances).map(({ name }) => name);
  const watched: Record<string, readonly string[]> = {};
  const unwatched: { urn: string; type: string; name: string }[] = [];
  for (const { urn, type, name, inputs } of plan.resources) {
    if (!watchable.includes(type)) continue;
    const names = [name, ...nameProperties.map((key) => inputs[key])].filter((one) => typeof one === "string");
    const alarms = [
      ...(byUrn.get(urn) ?? []),
      // A cache's nodes are called by the cache's name and a number.
      ...[...byName]
        .filter(([value]) => names.some((own) => value === own || value.startsWith(`${own}-0`)))
        .flatMap(([, found]) => found),
      ...(type === "aws:ec2/instance:Instance" ? forInstances : []),
    ];
    if (alarms.length > 0) watched[urn] = [...new Set(alarms)].sort();
    else unwatched.push({ urn, type, name });
  }
  return { watched, unwatched };
}

/** The report as text: what nothing watches, by type, and how much is watched. */
export function describeCoverage({ watched, unwatched }: Coverage): string {
  const total = Object.keys(watched).length + unwatched.length;
  const lines = [`${total - unwatched.length} of ${total} resources that can be watched have an alarm`];
  const types = [...new Set(unwatched.map(({ type }) => type))].sort();
  for (const type of types) {
    const names = unwatched.filter((one) => one.type === type).map(({ name }) => name);
    lines.push(`  no alarm: ${type}`, ...names.map((name) => `    ${name}`));
  }
  return `${lines.join("\n")}\n`;
}
