import * as aws from "@pulumi/aws";
import { imdsV2WithTags, launchTags, privateInterface, rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import { instanceProfile, policyDocument, type Cloud, type Statement } from "../../common/iam";
import { encodeUserData } from "../../common/user-data";
import { throwIfAny } from "../../common/validation";
import { zoneGroupOf } from "../../network/local-zones";
import { EncryptionKey } from "../../security/encryption-key";
import { AppSecrets } from "../../security/secrets";
import { monitoringImages } from "../monitoring-images";
import { createAccess } from "./access";
import { createTraderAlarms } from "./alarms";
import { deployDocument, setupDocument, traderBootScript, traderMetrics } from "./boot";
import { checkTrader, tradingModeOf, type AccessWay, type RootVolumeType, type TradingMode } from "./check";
import { createTraderGroup } from "./rules";

export interface LocalZoneTraderArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly stage: "dev" | "qa" | "prod";
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  /** The Local Zone's subnet, and how it goes out. */
  readonly subnet: {
    readonly id: pulumi.Input<string>;
    readonly zone: string;
    readonly egress: "nat" | "local-nat" | "elastic-ip" | "none";
  };
  /** A subnet in a zone of the Region, for an access endpoint or bastion. */
  readonly regionSubnetId: pulumi.Input<string>;
  /** 4002 for paper, 4001 for live trading; the stage decides which is right. */
  readonly gatewayPort: number;
  readonly instanceType: string;
  /** AMI id, or `resolve:ssm:` and a parameter's name: EC2 looks it up at launch, so a new AMI never replaces a host. */
  readonly ami: pulumi.Input<string>;
  readonly rootVolume: { readonly type: RootVolumeType; readonly sizeGiB: number };
  readonly access: AccessWay;
  /** Puts the host into a cluster placement group: worth it once several hosts of a zone talk to each other. */
  readonly clusterPlacement: boolean;
  /** Kernel settings for low latency. */
  readonly tunedKernel: boolean;
  /** CPUs that belong to the bot alone; 0 for none. */
  readonly isolatedCpus: number;
  /** Where the round trip is measured to, and above what it pages. */
  readonly latency: { readonly host: string; readonly port: number; readonly alarmMilliseconds: number };
  /** Images that a host starts with; empty text leaves them to the deploy document. */
  readonly images: { readonly trader: string; readonly gateway: string };
  readonly logRetentionDays: number;
  /** Further environment variables of the bot, such as where the stores are; never secrets. @default {} */
  readonly environment?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly gatewayClients?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly monitoringSecurityGroupId?: pulumi.Input<string>;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** The secrets of a trading host: fields become environment variables of the containers. */
const secretFields = {
  "ib-gateway": { description: "Login of IB Gateway", fields: ["twsUserid", "twsPassword"] },
  "api-keys": { description: "API keys of the trading bot", fields: ["alpacaKeyId", "alpacaSecretKey"] },
} as const;

/**
 * The trading host in an AWS Local Zone, next to the exchange.
 *
 * Makes: launch template and instance (EBS-optimised, IMDSv2, encrypted root volume of an explicit type, automatic
 * recovery, never spot, no public address unless dev asks for an elastic IP), security group for IB Gateway's port, role,
 * key, secrets that platform roles other than this host's are denied, log group, SSM documents to set up and to deploy,
 * alarms; a cluster placement group, an Instance Connect endpoint or a bastion where asked for.
 *
 * Errors: `ValidationError`: a live port in a paper stack or the other way round, an elastic IP outside dev, a zone of
 * another Region.
 *
 * Latency: a Local Zone in Chicago reaches CME's data centre in Aurora in single-digit milliseconds; sub-millisecond needs
 * colocation. The subnet's egress decides whether market traffic takes the short way.
 * Cost driver: the instance (Local Zones cost some 10 to 15 % more than the Region).
 */
export class LocalZoneTrader extends pulumi.ComponentResource {
  readonly instanceId: pulumi.Output<string>;
  readonly privateIp: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly roleName: pulumi.Output<string>;
  readonly volumeKeyArn: pulumi.Output<string>;
  readonly mode: TradingMode;
  readonly deployDocumentName: pulumi.Output<string>;
  readonly setupDocumentName: pulumi.Output<string>;

  constructor(name: string, args: LocalZoneTraderArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:trading:LocalZoneTrader", name, {}, opts);
    const { cloud, stage, subnet } = args;
    throwIfAny(
      `LocalZoneTrader ${name}`,
      checkTrader({ ...args, region: cloud.region, zone: subnet.zone, egress: subnet.egress }),
    );
    const parent = { parent: this };
    this.mode = tradingModeOf(stage);
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: `Trading host ${name}: volume, secrets, log`, usedBy: ["logs"] },
      parent,
    );
    const logGroupName = `/${args.project}/${args.stack}/${name}`;
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: logGroupName, retentionInDays: args.logRetentionDays, kmsKeyId: key.arn },
      parent,
    );
    const secretPrefix = `${args.project}/${args.stack}/${name}`;
    const secrets = createSecrets(name, secretPrefix, args, key, parent);
    const { role, profile } = instanceProfile(
      name,
      cloud,
      {
        description: `Trading host ${name}, ${this.mode}`,
        policies: { secrets: secrets.readPolicy(name), host: hostPolicy(args, logs.arn) },
      },
      parent,
    );
    guardSecrets(name, secrets, role, args, parent);
    const access = createAccess(name, { ...args, kmsKeyArn: key.arn }, parent);
    const group = createTraderGroup(
      `${name}-group`,
      { ...args, mode: this.mode, gatewayClients: args.gatewayClients ?? {}, sshFrom: access?.id },
      parent,
    );
    const script = pulumi.all({ ...args.environment }).apply((environment) =>
      traderBootScript({
        ...args,
        environment,
        region: cloud.region,
        mode: tradingModeOf(stage),
        latencyHost: args.latency.host,
        latencyPort: args.latency.port,
        logGroup: logGroupName,
        gatewaySecret: `${secretPrefix}/ib-gateway`,
        apiSecret: `${secretPrefix}/api-keys`,
        gatewayImage: args.images.gateway,
        traderImage: args.images.trader,
        nodeExporterImage: args.monitoringSecurityGroupId === undefined ? "" : monitoringImages.nodeExporter,
      }),
    );
    const template = createTemplate(name, args, { key, profile, group, script }, parent);
    const instance = new aws.ec2.Instance(
      `${name}-host`,
      {
        launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
        tags: { Name: name, "trading-mode": this.mode },
      },
      // A live host is replaced by people, never by a new template: the setup document brings changes to a running host. And
      // the provider reads the template's user data back as the instance's own, and would stop the host to take it away.
      {
        parent: this,
        protect: stage === "prod",
        ignoreChanges: stage === "prod" ? ["launchTemplate", "userData"] : ["userData"],
      },
    );
    if (subnet.egress === "elastic-ip") createAddress(name, subnet.zone, instance, parent);
    createTraderAlarms(
      name,
      {
        cloud,
        instanceId: instance.id,
        roundTripMilliseconds: args.latency.alarmMilliseconds,
        alarmTopicArn: args.alarmTopicArn,
      },
      parent,
    );
    const document = (what: string, content: pulumi.Input<object>) =>
      new aws.ssm.Document(
        `${name}-${what}`,
        {
          name: `${args.project}-${args.stack}-${name}-${what}`,
          documentType: "Command",
          documentFormat: "JSON",
          targetType: "/AWS::EC2::Instance",
          content: pulumi.jsonStringify(content),
        },
        parent,
      );
    this.instanceId = instance.id;
    this.privateIp = instance.privateIp;
    this.securityGroupId = group.id;
    this.roleName = role.name;
    this.volumeKeyArn = key.arn;
    this.deployDocumentName = document("deploy", deployDocument()).name;
    this.setupDocumentName = document("setup", script.apply(setupDocument)).name;
    this.registerOutputs({
      instanceId: this.instanceId,
      privateIp: this.privateIp,
      securityGroupId: this.securityGroupId,
      mode: this.mode,
    });
  }
}

function createSecrets(
  name: string,
  namePrefix: string,
  args: LocalZoneTraderArgs,
  key: EncryptionKey,
  opts: pulumi.ResourceOptions,
): AppSecrets {
  return new AppSecrets(
    `${name}-secrets`,
    {
      cloud: args.cloud,
      namePrefix,
      kmsKeyArn: key.arn,
      allowPlaceholders: args.stage !== "prod",
      recoveryWindowDays: args.stage === "prod" ? 30 : 0,
      secrets: Object.fromEntries(
        Object.entries(secretFields).map(([secret, { description, fields }]) => [
          secret,
          { description: `${description}, ${tradingModeOf(args.stage)}`, fields, readers: [name] },
        ]),
      ),
    },
    opts,
  );
}

/**
 * Denies the secrets to every role of this project but the host's: a policy attached to another role by mistake cannot
 * read them. Deployment roles (component `delivery`) have to, or no placeholder could be told from a value.
 */
export function guardStatement(project: string, roleArn: string): Statement {
  return {
    Sid: "OtherRolesOfThisProject",
    Effect: "Deny",
    Principal: "*",
    Action: "secretsmanager:GetSecretValue",
    Resource: "*", // in a secret's policy: this secret
    Condition: {
      StringEquals: { "aws:PrincipalTag/project": project },
      StringNotEquals: { "aws:PrincipalArn": roleArn, "aws:PrincipalTag/component": "delivery" },
    },
  };
}

function guardSecrets(
  name: string,
  secrets: AppSecrets,
  role: aws.iam.Role,
  args: LocalZoneTraderArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  for (const [secret, secretArn] of Object.entries(secrets.arns)) {
    new aws.secretsmanager.SecretPolicy(
      `${name}-${secret}-guard`,
      {
        secretArn,
        policy: role.arn.apply((arn) => JSON.stringify(policyDocument([guardStatement(args.project, arn)]))),
        blockPublicPolicy: true,
      },
      opts,
    );
  }
}

/** What the host does beyond Systems Manager and the agent: its metrics, its log, its images. */
function hostPolicy(args: LocalZoneTraderArgs, logGroupArn: pulumi.Input<string>) {
  const { cloud } = args;
  return pulumi.output(logGroupArn).apply((logs) =>
    policyDocument([
      {
        Sid: "Measure",
        Effect: "Allow",
        Action: "cloudwatch:PutMetricData",
        Resource: "*", // PutMetricData knows no resource level; the condition names the namespace
        Condition: { StringEquals: { "cloudwatch:namespace": traderMetrics } },
      },
      { Sid: "Log", Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${logs}:*` },
      {
        Sid: "SignInToEcr",
        Effect: "Allow",
        Action: "ecr:GetAuthorizationToken",
        Resource: "*", // GetAuthorizationToken knows no resource level
      },
      {
        Sid: "PullOwnImages",
        Effect: "Allow",
        Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Resource: `arn:${cloud.partition}:ecr:${cloud.region}:${cloud.accountId}:repository/*`,
      },
    ]),
  );
}

interface TemplateParts {
  readonly key: EncryptionKey;
  readonly profile: aws.iam.InstanceProfile;
  readonly group: aws.ec2.SecurityGroup;
  readonly script: pulumi.Output<string>;
}

function createTemplate(
  name: string,
  args: LocalZoneTraderArgs,
  parts: TemplateParts,
  opts: pulumi.CustomResourceOptions,
): aws.ec2.LaunchTemplate {
  const placement = args.clusterPlacement
    ? new aws.ec2.PlacementGroup(`${name}-cluster`, { strategy: "cluster", tags: { Name: name } }, opts)
    : undefined;
  const tags = {
    project: args.project,
    stack: args.stack,
    stage: args.stage,
    component: name,
    Name: name,
  };
  return new aws.ec2.LaunchTemplate(
    `${name}-template`,
    {
      description: `Trading host ${name}`,
      imageId: args.ami,
      instanceType: args.instanceType,
      ebsOptimized: "true",
      iamInstanceProfile: { arn: parts.profile.arn },
      userData: parts.script.apply((script) => encodeUserData(`LocalZoneTrader ${name}`, script)),
      updateDefaultVersion: true,
      monitoring: { enabled: true },
      maintenanceOptions: { autoRecovery: "default" },
      metadataOptions: imdsV2WithTags,
      networkInterfaces: privateInterface({ securityGroupIds: [parts.group.id], subnetId: args.subnet.id }),
      blockDeviceMappings: rootVolume({
        ...args.rootVolume,
        kmsKeyArn: parts.key.arn,
        iops: args.rootVolume.type === "io1" ? 3000 : undefined,
      }),
      ...(placement ? { placement: { groupName: placement.name } } : {}),
      tagSpecifications: launchTags(tags),
    },
    opts,
  );
}

/** An elastic IP of the Local Zone's own border group, or it could not be attached there. */
function createAddress(
  name: string,
  zone: string,
  instance: aws.ec2.Instance,
  opts: pulumi.CustomResourceOptions,
): void {
  new aws.ec2.Eip(
    `${name}-address`,
    { domain: "vpc", networkBorderGroup: zoneGroupOf(zone), instance: instance.id, tags: { Name: name } },
    opts,
  );
}
