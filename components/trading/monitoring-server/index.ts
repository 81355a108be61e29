import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { instanceProfile, policyDocument, type Cloud } from "../../common/iam";
import { bootScript, encodeUserData } from "../../common/user-data";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { GeneratedSecret } from "../../security/generated-secret";
import { traderMetrics } from "../local-zone-trader";
import { amazonLinux, privateHost } from "../private-host";
import { checkMonitoringServer } from "./check";
import {
  cloudwatchExporterConfig,
  grafanaDashboards,
  grafanaDataSources,
  hostsDashboard,
  prometheusConfig,
} from "./dashboards";
import { monitoringImages, type MonitoringImage } from "../monitoring-images";

export interface MonitoringServerArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  /** Subnet in a zone of the Region, and that zone: the data volume lives there. */
  readonly subnet: { readonly id: pulumi.Input<string>; readonly zone: string };
  readonly instanceType: string;
  /** Size of the volume that keeps metrics and dashboards, in GiB. */
  readonly dataVolumeGiB: number;
  /** Days that Prometheus keeps. */
  readonly metricRetentionDays: number;
  /** Keep the data volume and the password from going away with one deployment. @default false */
  readonly protected?: boolean;
  /** Images in place of the pinned ones. @default the pinned ones */
  readonly images?: Readonly<Partial<Record<MonitoringImage, string | undefined>>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** The boot script, whose settings hold the configuration of all four programs. */
export function monitoringBootScript(args: MonitoringServerArgs, secretArn: string): string {
  const image = (name: MonitoringImage) => args.images?.[name] ?? monitoringImages[name];
  return bootScript(
    {
      MONITORING_REGION: args.cloud.region,
      MONITORING_SECRET: secretArn,
      MONITORING_RETENTION_DAYS: String(args.metricRetentionDays),
      MONITORING_PROMETHEUS: JSON.stringify(prometheusConfig(args.cloud.region, args.project, args.stack)),
      MONITORING_CLOUDWATCH: JSON.stringify(cloudwatchExporterConfig(args.cloud.region, traderMetrics)),
      MONITORING_DATA_SOURCES: JSON.stringify(grafanaDataSources()),
      MONITORING_DASHBOARD_PROVIDERS: JSON.stringify(grafanaDashboards()),
      MONITORING_DASHBOARD: JSON.stringify(hostsDashboard()),
      MONITORING_PROMETHEUS_IMAGE: image("prometheus"),
      MONITORING_GRAFANA_IMAGE: image("grafana"),
      MONITORING_CLOUDWATCH_IMAGE: image("cloudwatchExporter"),
      MONITORING_NODE_IMAGE: image("nodeExporter"),
    },
    readFileSync(join(__dirname, "boot.sh"), "utf8"),
  );
}

/**
 * Prometheus, Grafana and exporters on one host in a zone of the Region, seen through a port forward of Session Manager only:
 *
 *     aws ssm start-session --target INSTANCE --document-name AWS-StartPortForwardingSession \
 *       --parameters portNumber=3000,localPortNumber=3000
 *
 * Makes: instance without any ingress rule, a data volume that outlives it, role, key, Grafana's generated password,
 * security group, alarms. Images are pinned; dashboards and data sources are provisioned.
 *
 * Errors: an image that is not pinned, in a `ValidationError`.
 * Cost driver: the instance, and 0.08 USD a GiB of data volume.
 */
export class MonitoringServer extends pulumi.ComponentResource {
  readonly instanceId: pulumi.Output<string>;
  /** Group that scrapes: hosts admit it on port 9100. */
  readonly securityGroupId: pulumi.Output<string>;
  readonly grafanaSecretArn: pulumi.Output<string>;

  constructor(name: string, args: MonitoringServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:trading:MonitoringServer", name, {}, opts);
    throwIfAny(`MonitoringServer ${name}`, checkMonitoringServer(args.images ?? {}));
    const parent = { parent: this };
    const { cloud } = args;
    const key = new EncryptionKey(`${name}-key`, { cloud, description: `Monitoring server ${name}` }, parent);
    const secret = new GeneratedSecret(
      `${name}-grafana`,
      {
        description: "Grafana's administrator",
        fields: { username: "admin" },
        kmsKeyArn: key.arn,
        recoveryWindowDays: args.protected ? 30 : 0,
      },
      parent,
    );
    const { profile } = instanceProfile(
      name,
      cloud,
      {
        description: "Monitoring server: discovers hosts, reads metrics, reads its own password",
        policies: { own: pulumi.all([secret.arn, key.arn]).apply(([arn, keyArn]) => ownPolicy(arn, keyArn)) },
      },
      parent,
    );
    const group = createGroup(name, args, parent);
    const instance = privateHost(
      `${name}-host`,
      {
        ami: amazonLinux.x86_64,
        instanceType: args.instanceType,
        subnetId: args.subnet.id,
        securityGroupId: group.id,
        profileName: profile.name,
        kmsKeyArn: key.arn,
        rootVolumeGiB: 20,
        userData: secret.arn.apply((arn) =>
          encodeUserData(`MonitoringServer ${name}`, monitoringBootScript(args, arn)),
        ),
        what: "The monitoring server",
        first: "nothing trades through it; replace it (pulumi up --replace), its data volume stays.",
        alarmTopicArn: args.alarmTopicArn,
      },
      parent,
    );
    const volume = new aws.ebs.Volume(
      `${name}-data`,
      {
        availabilityZone: args.subnet.zone,
        size: args.dataVolumeGiB,
        type: "gp3",
        encrypted: true,
        kmsKeyId: key.arn,
        // Dashboards are provisioned; old metrics are a convenience, what must be kept is in CloudWatch and the trails.
        tags: { Name: `${name}-data`, backup: "none" },
      },
      { parent: this, protect: args.protected ?? false },
    );
    new aws.ec2.VolumeAttachment(
      `${name}-data`,
      { instanceId: instance.id, volumeId: volume.id, deviceName: "/dev/sdf", stopInstanceBeforeDetaching: true },
      { ...parent, deleteBeforeReplace: true },
    );
    this.instanceId = instance.id;
    this.securityGroupId = group.id;
    this.grafanaSecretArn = secret.arn;
    this.registerOutputs({ instanceId: this.instanceId, securityGroupId: this.securityGroupId });
  }
}

function ownPolicy(secretArn: string, keyArn: string) {
  return policyDocument([
    { Sid: "OwnPassword", Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: secretArn },
    { Sid: "Decrypt", Effect: "Allow", Action: "kms:Decrypt", Resource: keyArn },
    {
      Sid: "DiscoverAndRead",
      Effect: "Allow",
      Action: [
        "ec2:DescribeInstances",
        "ec2:DescribeAvailabilityZones",
        "cloudwatch:ListMetrics",
        "cloudwatch:GetMetricData",
        "tag:GetResources",
      ],
      Resource: "*", // EC2's Describe, CloudWatch's read calls and GetResources know no resource level
    },
  ]);
}

function createGroup(name: string, args: MonitoringServerArgs, opts: pulumi.CustomResourceOptions) {
  const group = new aws.ec2.SecurityGroup(
    `${name}-group`,
    { vpcId: args.vpcId, description: "Monitoring server: nothing comes in", tags: { Name: name } },
    opts,
  );
  const egress = (role: string, port: number, cidrIpv4: string, description: string) =>
    new aws.vpc.SecurityGroupEgressRule(
      `${name}-${role}`,
      { securityGroupId: group.id, description, cidrIpv4, ipProtocol: "tcp", fromPort: port, toPort: port },
      opts,
    );
  egress("https", 443, "0.0.0.0/0", "AWS APIs and image registries");
  egress("scrape", 9100, args.vpcCidr, "Node exporters of the VPC's hosts");
  return group;
}
