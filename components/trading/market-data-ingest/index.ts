import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { CalendarOverride, Exchange } from "../../../lambdas/common/exchange-calendar";
import { httpsOnlyGroup } from "../../common/https-only-group";
import { instanceProfile, policyDocument, type Cloud } from "../../common/iam";
import { metricAlarm } from "../../common/alarm";
import { bootScript, encodeUserData } from "../../common/user-data";
import { throwIfAny } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { AppSecrets } from "../../security/secrets";
import { amazonLinux, privateHost } from "../private-host";
import { checkIngest, hostAddress } from "./check";
import { createDelivery } from "./delivery";
import { createStaleness, ingestMetrics } from "./staleness";

export interface MarketDataIngestArgs {
  readonly cloud: Cloud;
  readonly project: string;
  readonly stack: string;
  readonly stage: "dev" | "qa" | "prod";
  readonly vpcId: pulumi.Input<string>;
  readonly subnet: { readonly id: pulumi.Input<string>; readonly cidr: string };
  readonly instanceType: string;
  /** AMI id, or `resolve:ssm:` and a parameter's name. @default Amazon Linux 2023 */
  readonly ami?: pulumi.Input<string> | undefined;
  /** Image of the websocket server (services/ingest), by release or digest. */
  readonly image: string;
  /** Alpaca's feed: `iex` is free, `sip` has every exchange. */
  readonly feed: "iex" | "sip";
  readonly symbols: readonly string[];
  readonly port: number;
  readonly exchange: Exchange;
  readonly overrides: readonly CalendarOverride[];
  readonly staleSeconds: number;
  /** Bucket for raw ticks, and its key where it has one of its own. */
  readonly bucketArn: pulumi.Input<string>;
  readonly bucketKeyArn?: pulumi.Input<string>;
  /** Security groups of readers, by a name of theirs. */
  readonly readers: Readonly<Record<string, pulumi.Input<string>>>;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Number of the server's address in its subnet: behind the five that AWS keeps. */
const addressNumber = 10;

/** The URL at which readers find the server: known before anything is deployed, and the same for every successor. */
export function ingestEndpoint(subnetCidr: string, port: number): string {
  return `ws://${hostAddress(subnetCidr, addressNumber)}:${port}`;
}

/**
 * The market-data websocket server: one stream from Alpaca in, many readers, raw ticks to S3.
 *
 * Makes: one host with a fixed private address (stopped before its successor starts, as Alpaca takes one stream a key),
 * its role, key, secret, security group and log; a Firehose delivery stream to S3; an alarm on stale ticks that knows
 * market hours, with the function that tells it, and one on ticks that were given up.
 *
 * Errors: `ValidationError` for symbols, image and port.
 * Cost driver: the instance; 0.029 USD a GB through Firehose.
 */
export class MarketDataIngest extends pulumi.ComponentResource {
  /** `ws://address:port`, for readers. */
  readonly endpoint: string;
  readonly instanceId: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly deliveryStreamName: pulumi.Output<string>;

  constructor(name: string, args: MarketDataIngestArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:trading:MarketDataIngest", name, {}, opts);
    throwIfAny(`MarketDataIngest ${name}`, checkIngest(args));
    const parent = { parent: this };
    const { cloud, alarmTopicArn, logRetentionDays } = args;
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: `Market data ${name}: volume, stream, secret, logs`, usedBy: ["logs"] },
      parent,
    );
    const delivery = createDelivery(
      `${name}-delivery`,
      {
        cloud,
        bucketArn: args.bucketArn,
        bucketKeyArn: args.bucketKeyArn ?? key.arn,
        keyArn: key.arn,
        logRetentionDays,
        alarmTopicArn,
      },
      parent,
    );
    const logGroupName = `/${args.project}/${args.stack}/${name}`;
    const logs = new aws.cloudwatch.LogGroup(
      `${name}-logs`,
      { name: logGroupName, retentionInDays: logRetentionDays, kmsKeyId: key.arn },
      parent,
    );
    const secretPrefix = `${args.project}/${args.stack}/${name}`;
    const secrets = createSecret(name, secretPrefix, args, key, parent);
    const { profile } = instanceProfile(
      name,
      cloud,
      {
        description: `Market data ${name}: writes ticks and metrics, reads its key`,
        policies: { secret: secrets.readPolicy(name), own: hostPolicy(args, logs.arn, delivery.arn, key.arn) },
      },
      parent,
    );
    const group = createGroup(name, args, parent);
    const instance = privateHost(
      `${name}-host`,
      {
        ami: args.ami ?? amazonLinux.x86_64,
        instanceType: args.instanceType,
        subnetId: args.subnet.id,
        securityGroupId: group.id,
        profileName: profile.name,
        kmsKeyArn: key.arn,
        rootVolumeGiB: 20,
        privateIp: hostAddress(args.subnet.cidr, addressNumber),
        userData: delivery.name.apply((stream) =>
          encodeUserData(`MarketDataIngest ${name}`, ingestBootScript(args, { secretPrefix, logGroupName, stream })),
        ),
        what: "The market-data server",
        first:
          "see that it recovers within minutes; readers reconnect by themselves, traders hold old prices until then.",
        alarmTopicArn,
      },
      parent,
    );
    createStaleness(name, { ...args, keyArn: key.arn }, parent);
    watchLosses(name, args, parent);
    this.endpoint = ingestEndpoint(args.subnet.cidr, args.port);
    this.instanceId = instance.id;
    this.securityGroupId = group.id;
    this.deliveryStreamName = delivery.name;
    this.registerOutputs({ endpoint: this.endpoint, instanceId: this.instanceId });
  }
}

/** The boot script; the key's value is not in it. */
export function ingestBootScript(
  args: Pick<
    MarketDataIngestArgs,
    "cloud" | "stack" | "image" | "feed" | "symbols" | "port" | "exchange" | "overrides"
  >,
  names: { readonly secretPrefix: string; readonly logGroupName: string; readonly stream: string },
): string {
  return bootScript(
    {
      INGEST_REGION: args.cloud.region,
      INGEST_STACK: args.stack,
      INGEST_IMAGE: args.image,
      INGEST_FEED: args.feed,
      INGEST_SYMBOLS: args.symbols.join(","),
      INGEST_PORT: String(args.port),
      INGEST_CALENDAR: JSON.stringify({ exchange: args.exchange, overrides: args.overrides }),
      INGEST_NAMESPACE: ingestMetrics,
      INGEST_SECRET_ID: `${names.secretPrefix}/alpaca`,
      INGEST_LOG_GROUP: names.logGroupName,
      INGEST_DELIVERY_STREAM: names.stream,
    },
    readFileSync(join(__dirname, "boot.sh"), "utf8"),
  );
}

/** The server keeps ticks in memory while the delivery stream takes none, and gives the oldest up when that is full. */
function watchLosses(name: string, args: MarketDataIngestArgs, opts: pulumi.CustomResourceOptions): void {
  metricAlarm(
    `${name}-lost`,
    {
      description:
        "Raw ticks were given up before they reached the delivery stream. First: the server's log says why Firehose did not take them (a role, a key, its limit of 5 MiB a second); Alpaca's history has the ticks of that time.",
      namespace: ingestMetrics,
      metric: "TicksLost",
      dimensions: { stack: args.stack },
      statistic: "Sum",
      threshold: 0,
      periodSeconds: 300,
      periods: 1,
      alarmTopicArn: args.alarmTopicArn,
    },
    opts,
  );
}

function createSecret(
  name: string,
  namePrefix: string,
  args: MarketDataIngestArgs,
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
      secrets: {
        alpaca: {
          description: "Alpaca's market-data key: one stream a key",
          fields: ["alpacaKeyId", "alpacaSecretKey"],
          readers: [name],
        },
      },
    },
    opts,
  );
}

function hostPolicy(
  { cloud }: MarketDataIngestArgs,
  logGroupArn: pulumi.Output<string>,
  deliveryArn: pulumi.Output<string>,
  keyArn: pulumi.Output<string>,
) {
  return pulumi.all([logGroupArn, deliveryArn, keyArn]).apply(([logs, stream, key]) =>
    policyDocument([
      { Sid: "Ticks", Effect: "Allow", Action: "firehose:PutRecordBatch", Resource: stream },
      { Sid: "TickKey", Effect: "Allow", Action: "kms:GenerateDataKey", Resource: key },
      { Sid: "Log", Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: `${logs}:*` },
      {
        Sid: "Measure",
        Effect: "Allow",
        Action: "cloudwatch:PutMetricData",
        Resource: "*", // PutMetricData knows no resource level; the condition names the namespace
        Condition: { StringEquals: { "cloudwatch:namespace": ingestMetrics } },
      },
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

function createGroup(name: string, args: MarketDataIngestArgs, opts: pulumi.CustomResourceOptions) {
  const group = httpsOnlyGroup(
    name,
    {
      vpcId: args.vpcId,
      description: "Market-data websocket server",
      speaksTo: "Alpaca's stream, AWS APIs, image registries",
    },
    opts,
  );
  for (const [reader, id] of Object.entries(args.readers)) {
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-from-${reader}`,
      {
        securityGroupId: group.id,
        description: `Market data for ${reader}`,
        referencedSecurityGroupId: id,
        ipProtocol: "tcp",
        fromPort: args.port,
        toPort: args.port,
      },
      opts,
    );
    new aws.vpc.SecurityGroupEgressRule(
      `${name}-to-${reader}`,
      {
        securityGroupId: id,
        description: "Market data from the ingest server",
        referencedSecurityGroupId: group.id,
        ipProtocol: "tcp",
        fromPort: args.port,
        toPort: args.port,
      },
      opts,
    );
  }
  return group;
}
