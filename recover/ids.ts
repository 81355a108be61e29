/**
 * By what a resource is known again that AWS has made without the engine having heard of it, and the id by which Pulumi
 * imports it. Facts of the aws provider's documentation, section "Import" of each resource, and of AWS's ARN formats;
 * `test/engine/recover.test.ts` holds them to what the engine itself wrote.
 */

export type Inputs = Readonly<Record<string, unknown>>;

/** How the id is found. */
export type Rule =
  /** The inputs say it: a name that the engine chose before it asked, or what the resource joins. */
  | { readonly by: "name"; readonly id: (inputs: Inputs) => string | undefined }
  /** AWS chose it: the tags find the ARN, and the ARN says it; undefined where the ARN is another resource's. */
  | {
      readonly by: "tags";
      /** The service whose ARN it has. */
      readonly service: string;
      readonly id: (arn: string, inputs: Inputs) => string | undefined;
    }
  /** AWS chose it, and tags do not tell one from the next. */
  | { readonly by: "content"; readonly of: "group rule" | "launch template" | "event target" };

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

/** Values of some inputs with a sign between; undefined where one is missing. */
function joined(sign: string, ...names: string[]): Rule {
  return {
    by: "name",
    id: (inputs) => {
      const values = names.map((name) => text(inputs[name]));
      return values.every((value) => value !== undefined) ? values.join(sign) : undefined;
    },
  };
}

const name = (input = "name"): Rule => joined("", input);

/** An ARN's account and what comes after it. */
function parts(arn: string): { service: string; account: string; resource: string } {
  const [, , service = "", , account = "", ...rest] = arn.split(":");
  return { service, account, resource: rest.join(":") };
}

/** Services that belong to no Region: their tags are asked for in us-east-1. */
export const globalServices = new Set(["budgets", "cloudfront", "route53"]);

/** Known by an ARN whose resource starts so; `named` where the ARN has the name of the inputs too. */
function tagged(service: string, start: string, id: (arn: string) => string | undefined, named = false): Rule {
  return {
    by: "tags",
    service,
    id: (arn, inputs) => {
      const found = parts(arn);
      if (found.service !== service || !found.resource.startsWith(start)) return undefined;
      const given = named ? text(inputs.name) : undefined;
      return given === undefined || hasName(found.resource.slice(start.length), given) ? id(arn) : undefined;
    },
  };
}

/** Whether what an ARN ends with is of a name: the name itself, or with what AWS puts around it. */
function hasName(rest: string, given: string): boolean {
  const [has, name] = [rest.toLowerCase(), given.toLowerCase()]; // Image Builder writes names small
  // A secret's ARN adds a dash and six characters, others a folder before or an id behind.
  return has === name || has.replace(/-\w{6}$/, "") === name || has.split("/").includes(name);
}

const last = (arn: string): string | undefined => arn.split(/[/:]/).at(-1);
const whole = (arn: string): string => arn;
const imageBuilder = (kind: string): Rule => tagged("imagebuilder", `${kind}/`, whole, true);
const ec2 = (kind: string): Rule => tagged("ec2", `${kind}/`, last);

const route: Rule = {
  by: "name",
  id: (inputs) => {
    const to = inputs.destinationCidrBlock ?? inputs.destinationIpv6CidrBlock ?? inputs.destinationPrefixListId;
    const [table, destination] = [text(inputs.routeTableId), text(to)];
    return table && destination ? `${table}_${destination}` : undefined;
  },
};

const tableAssociation: Rule = {
  by: "name",
  id: (inputs) => {
    const [from, table] = [text(inputs.subnetId) ?? text(inputs.gatewayId), text(inputs.routeTableId)];
    return from && table ? `${from}/${table}` : undefined;
  },
};

/** A schedule in its group; in the `default` one where the inputs name none. */
const scheduled: Rule = {
  by: "name",
  id: (inputs) => {
    const given = text(inputs.name);
    return given === undefined ? undefined : `${text(inputs.groupName) ?? "default"}/${given}`;
  },
};

/** A rule of the default bus is its name alone. */
const eventRule: Rule = {
  by: "name",
  id: (inputs) => {
    const [bus, rule] = [text(inputs.eventBusName), text(inputs.name)];
    return bus === undefined || bus === "default" || rule === undefined ? rule : `${bus}/${rule}`;
  },
};

const queueUrl = (arn: string): string => {
  const [, , , region = "", account = "", queue = ""] = arn.split(":");
  return `https://sqs.${region}.amazonaws.com/${account}/${queue}`;
};

/** `id/name/scope`, of `regional/webacl/<name>/<id>`. */
const webAcl = (arn: string): string | undefined => {
  const [scope, kind, name = "", id = ""] = parts(arn).resource.split("/");
  return kind === "webacl" ? `${id}/${name}/${scope === "global" ? "CLOUDFRONT" : "REGIONAL"}` : undefined;
};

/** `cluster,id`, of `podidentityassociation/<cluster>/<id>`. */
const ofCluster = (arn: string): string => parts(arn).resource.split("/").slice(1).join(",");

const rules: Readonly<Record<string, Rule>> = {
  "aws:acm/certificate:Certificate": tagged("acm", "certificate/", whole),
  "aws:accessanalyzer/analyzer:Analyzer": name("analyzerName"),
  "aws:athena/workgroup:Workgroup": name(),
  "aws:autoscaling/group:Group": name(),
  "aws:autoscaling/policy:Policy": joined("/", "autoscalingGroupName", "name"),
  "aws:backup/plan:Plan": tagged("backup", "backup-plan:", last),
  "aws:backup/restoreTestingPlan:RestoreTestingPlan": name(),
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": joined(":", "name", "restoreTestingPlanName"),
  "aws:backup/vault:Vault": name(),
  "aws:batch/computeEnvironment:ComputeEnvironment": name(),
  "aws:batch/jobQueue:JobQueue": tagged("batch", "job-queue/", whole, true),
  "aws:budgets/budget:Budget": tagged("budgets", "budget/", (arn) => `${parts(arn).account}:${last(arn)}`, true),
  "aws:cfg/recorder:Recorder": name(),
  "aws:cfg/deliveryChannel:DeliveryChannel": name(),
  "aws:cfg/rule:Rule": name(),
  "aws:cloudfront/distribution:Distribution": tagged("cloudfront", "distribution/", last),
  "aws:cloudfront/function:Function": name(),
  "aws:cloudtrail/trail:Trail": tagged("cloudtrail", "trail/", whole, true),
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": name("alarmName"),
  "aws:cloudwatch/dashboard:Dashboard": name("dashboardName"),
  "aws:cloudwatch/eventRule:EventRule": eventRule,
  "aws:cloudwatch/eventTarget:EventTarget": { by: "content", of: "event target" },
  "aws:cloudwatch/logDelivery:LogDelivery": tagged("logs", "delivery:", last),
  "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": name(),
  "aws:cloudwatch/logDeliverySource:LogDeliverySource": name(),
  "aws:cloudwatch/logGroup:LogGroup": name(),
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": joined(":", "logGroupName", "name"),
  "aws:cloudwatch/logStream:LogStream": joined(":", "logGroupName", "name"),
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": joined("|", "logGroup", "name"),
  "aws:cloudwatch/metricAlarm:MetricAlarm": name(),
  "aws:dynamodb/table:Table": name(),
  "aws:ebs/volume:Volume": ec2("volume"),
  "aws:ec2/eip:Eip": ec2("elastic-ip"),
  "aws:ec2/flowLog:FlowLog": ec2("vpc-flow-log"),
  "aws:ec2/instance:Instance": ec2("instance"),
  "aws:ec2/internetGateway:InternetGateway": ec2("internet-gateway"),
  "aws:ec2/launchTemplate:LaunchTemplate": { by: "content", of: "launch template" },
  "aws:ec2/natGateway:NatGateway": ec2("natgateway"),
  "aws:ec2/networkAcl:NetworkAcl": ec2("network-acl"),
  "aws:ec2/placementGroup:PlacementGroup": name(),
  "aws:ec2/route:Route": route,
  "aws:ec2/routeTable:RouteTable": ec2("route-table"),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": tableAssociation,
  "aws:ec2/securityGroup:SecurityGroup": ec2("security-group"),
  "aws:ec2/subnet:Subnet": ec2("subnet"),
  "aws:ec2/volumeAttachment:VolumeAttachment": joined(":", "deviceName", "volumeId", "instanceId"),
  "aws:ec2/vpc:Vpc": ec2("vpc"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": ec2("vpc-endpoint"),
  "aws:ecr/repository:Repository": name(),
  "aws:ecs/cluster:Cluster": name(),
  "aws:eks/addon:Addon": joined(":", "clusterName", "addonName"),
  "aws:eks/nodeGroup:NodeGroup": joined(":", "clusterName", "nodeGroupName"),
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": tagged("eks", "podidentityassociation/", ofCluster),
  "aws:elasticache/parameterGroup:ParameterGroup": name(),
  "aws:elasticache/replicationGroup:ReplicationGroup": name("replicationGroupId"),
  "aws:elasticache/subnetGroup:SubnetGroup": name(),
  "aws:glue/catalogDatabase:CatalogDatabase": tagged(
    "glue",
    "database/",
    (arn) => `${parts(arn).account}:${last(arn)}`,
    true,
  ),
  "aws:guardduty/detector:Detector": tagged("guardduty", "detector/", last),
  "aws:iam/instanceProfile:InstanceProfile": name(),
  "aws:iam/role:Role": name(),
  "aws:iam/rolePolicy:RolePolicy": joined(":", "role", "name"),
  "aws:imagebuilder/component:Component": imageBuilder("component"),
  "aws:imagebuilder/distributionConfiguration:DistributionConfiguration": imageBuilder("distribution-configuration"),
  "aws:imagebuilder/imagePipeline:ImagePipeline": imageBuilder("image-pipeline"),
  "aws:imagebuilder/imageRecipe:ImageRecipe": imageBuilder("image-recipe"),
  "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration":
    imageBuilder("infrastructure-configuration"),
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": tagged("firehose", "deliverystream/", whole, true),
  "aws:kms/alias:Alias": name(),
  "aws:kms/key:Key": tagged("kms", "key/", last),
  "aws:lambda/function:Function": name(),
  "aws:lb/listener:Listener": tagged("elasticloadbalancing", "listener/", whole),
  "aws:lb/loadBalancer:LoadBalancer": tagged("elasticloadbalancing", "loadbalancer/", whole, true),
  "aws:lb/listenerRule:ListenerRule": tagged("elasticloadbalancing", "listener-rule/", whole),
  "aws:lb/targetGroup:TargetGroup": tagged("elasticloadbalancing", "targetgroup/", whole, true),
  "aws:rds/instance:Instance": name("identifier"),
  "aws:rds/parameterGroup:ParameterGroup": name(),
  "aws:rds/subnetGroup:SubnetGroup": name(),
  "aws:route53/record:Record": joined("_", "zoneId", "name", "type"),
  "aws:route53/zone:Zone": tagged("route53", "hostedzone/", last),
  "aws:s3/bucket:Bucket": name("bucket"),
  "aws:scheduler/schedule:Schedule": scheduled,
  "aws:scheduler/scheduleGroup:ScheduleGroup": name(),
  "aws:secretsmanager/secret:Secret": tagged("secretsmanager", "secret:", whole, true),
  "aws:sfn/stateMachine:StateMachine": tagged("states", "stateMachine:", whole, true),
  "aws:sns/topic:Topic": tagged("sns", "", whole, true),
  "aws:sqs/queue:Queue": tagged("sqs", "", queueUrl, true),
  "aws:ssm/document:Document": name(),
  "aws:ssm/parameter:Parameter": name(),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": { by: "content", of: "group rule" },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": { by: "content", of: "group rule" },
  "aws:wafv2/webAcl:WebAcl": tagged("wafv2", "", webAcl, true),
};

/**
 * What a second request for the same leaves as it is: settings of something else, links between two things, versions. An
 * interrupted one is simply made again.
 */
const madeAgain =
  /^aws:(s3\/bucket[A-Z]\w*|s3\/accountPublicAccessBlock|sns\/topicPolicy|sns\/topicSubscription|sqs\/queuePolicy|iam\/rolePolicyAttachment|secretsmanager\/secret(Policy|Rotation|Version)|acm\/certificateValidation|appautoscaling\/\w+|autoscaling\/attachment|backup\/vault(LockConfiguration|Policy|Notifications)|cfg\/recorderStatus|ebs\/(encryptionByDefault|snapshotBlockPublicAccess)|ec2\/(availabilityZoneGroup|defaultSecurityGroup|imageBlockPublicAccess|instanceMetadataDefaults|serialConsoleAccess)|ecr\/lifecyclePolicy|ecs\/(clusterCapacityProviders|taskDefinition)|guardduty\/detectorFeature|batch\/jobDefinition|lambda\/(invocation|permission)|lb\/targetGroupAttachment|securityhub\/standardsSubscription|wafv2\/webAcl(Association|LoggingConfiguration)):/;

/** How a resource of a type is known again; undefined where nobody has said it. */
export function ruleOf(type: string): Rule | "make again" | undefined {
  return rules[type] ?? (madeAgain.test(type) ? "make again" : undefined);
}
