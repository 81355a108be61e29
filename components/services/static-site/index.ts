import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { createBucketPolicy, createClosedBucket } from "../../common/bucket";
import { tlsOnlyStatements } from "../../common/bucket-statements";
import { policyDocument, type Cloud } from "../../common/iam";
import { stableName } from "../../common/naming";
import { throwIfAny, type Issue } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { WebFirewall, edgeRegion, validateWebFirewall, type WebFirewallArgs } from "../../security/web-firewall";
import { AccessLogBucket } from "../access-log-bucket";
import { DnsCertificate, type DomainArgs } from "../dns-certificate";
import { createDistribution } from "./distribution";
import { edgeFunction } from "./edge-function";
import { folderIssues, readRelease } from "./release";

export interface StaticSiteArgs {
  readonly cloud: Cloud;
  /** Folder with the built site; its files are uploaded. @default nothing is uploaded, `release` names what the pipeline did */
  readonly folder?: string;
  /** Release that is live: twelve hexadecimal digits. Names an earlier one to go back to it. @default the folder's */
  readonly release?: string;
  /** Answer paths without a file by index.html, as the routers of single-page applications want it. @default true */
  readonly singlePage?: boolean;
  /** Name of the site; without one CloudFront's own is used, whose oldest TLS version nobody can raise. */
  readonly domain?: DomainArgs;
  /** Oldest TLS version that viewers may speak; needs a domain. @default "1.2" */
  readonly minimumTls?: "1.2" | "1.3";
  /** A server for some paths, such as the load balancer of the API. Its name must be on its certificate. @default none */
  readonly api?: { readonly domainName: pulumi.Input<string>; readonly paths: readonly string[] };
  /** Origins whose pages may read the site's files. @default [] the site's own only */
  readonly allowedOrigins?: readonly string[];
  /** What pages may load and run. @default their own origin only */
  readonly contentSecurityPolicy?: string;
  readonly firewall?: Pick<WebFirewallArgs, "ruleSets" | "countOnly" | "rateLimits" | "logRetentionDays">;
  /** Edge locations: all, or only those of North America and Europe. @default "all" */
  readonly edges?: "all" | "north-america-and-europe";
  /** @default 90 */
  readonly accessLogRetentionDays?: number;
  /** Delete the buckets with their contents. @default false */
  readonly forceDestroy?: boolean;
  /** In us-east-1, where CloudFront's metrics and firewall are: an alarm only reaches a topic of its own Region. */
  readonly alarmTopicArn?: pulumi.Input<string>;
}

const releasePattern = /^[0-9a-f]{12}$/;

/** All mistakes of a site's arguments. */
export function validateStaticSite(args: StaticSiteArgs): Issue[] {
  const issues: Issue[] = args.folder === undefined ? [] : folderIssues(args.folder, "folder");
  if (args.folder === undefined && args.release === undefined)
    issues.push({
      path: "folder",
      problem: "is missing, and so is release",
      fix: "Set folder to the built site, or release to the id that the pipeline uploaded.",
    });
  if (args.release !== undefined && !releasePattern.test(args.release))
    issues.push({
      path: "release",
      problem: "is not the id of a release",
      value: args.release,
      allowed: "12 hexadecimal digits, as the output release shows them",
    });
  if (args.minimumTls === "1.3" && !args.domain)
    issues.push({
      path: "minimumTls",
      problem: "cannot be raised on CloudFront's own name",
      value: args.minimumTls,
      fix: "Set domain, or leave minimumTls out.",
    });
  for (const [index, path] of (args.api?.paths ?? []).entries()) {
    if (!path.startsWith("/"))
      issues.push({
        path: `api.paths[${index}]`,
        problem: "does not start with a slash",
        value: path,
        fix: `Write /${path}.`,
      });
  }
  for (const [index, origin] of (args.allowedOrigins ?? []).entries()) {
    if (!/^https:\/\/[\w*.-]+(:\d+)?$/.test(origin))
      issues.push({
        path: `allowedOrigins[${index}]`,
        problem: "is not an origin",
        value: origin,
        allowed: "https:// and a host name, without a path",
      });
  }
  return [
    ...issues,
    ...validateWebFirewall({ scope: "cloudFront", ...args.firewall }).map((issue) => ({
      ...issue,
      path: `firewall.${issue.path}`,
    })),
  ];
}

/** Who may read the bucket: CloudFront for this distribution, and nobody without TLS. */
export function siteBucketPolicy(bucketArn: string, distributionArn: string) {
  const condition = { StringEquals: { "aws:SourceArn": distributionArn } };
  const principal = { Service: "cloudfront.amazonaws.com" };
  return policyDocument([
    ...tlsOnlyStatements(bucketArn),
    {
      Sid: "Read",
      Effect: "Allow",
      Principal: principal,
      Action: "s3:GetObject",
      Resource: `${bucketArn}/releases/*`,
      Condition: condition,
    },
    {
      // Without it S3 answers 403 for a file that is not there.
      Sid: "KnowWhatIsMissing",
      Effect: "Allow",
      Principal: principal,
      Action: "s3:ListBucket",
      Resource: bucketArn,
      Condition: condition,
    },
  ]);
}

/**
 * A static site: files in a private bucket, served by CloudFront alone, in releases that switch as a whole.
 *
 * Makes: bucket under its own key, one object a file below `releases/<id>/` (kept when the next release comes, so that going back
 * is a matter of seconds), origin access control, a function that chooses the release, cache and headers policies, distribution,
 * firewall, access logs, an alarm on errors, and with a domain its certificate (us-east-1) and DNS records.
 * Errors: see `validateStaticSite`.
 * Cost: 5 USD a month for the firewall and 1 USD a rule; 0.085 USD a GB and 1.10 USD for a million requests from the edge.
 */
export class StaticSite extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly bucket: pulumi.Output<string>;
  readonly distributionId: pulumi.Output<string>;
  readonly distributionArn: pulumi.Output<string>;
  /** The live release. */
  readonly release: string;

  constructor(name: string, args: StaticSiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:StaticSite", name, {}, opts);
    throwIfAny(`StaticSite ${name}`, validateStaticSite(args));
    const built = args.folder === undefined ? undefined : readRelease(args.folder);
    this.release = args.release ?? built?.id ?? "";
    const closed = this.createBucket(name, args);
    const { bucket } = closed;
    const files = built ? this.upload(name, bucket, built) : [];
    const distribution = createDistribution(name, args, {
      parent: this,
      bucket,
      functionCode: edgeFunction(this.release, args.singlePage ?? true),
      // The function goes live only when every file of its release is there.
      files,
      firewallArn: this.createFirewall(name, args).arn,
      certificateArn:
        args.domain && new DnsCertificate(`${name}-tls`, { ...args.domain, region: edgeRegion }, { parent: this }).arn,
    });
    const policy = pulumi.all([bucket.arn, distribution.arn]).apply(([arn, reader]) => siteBucketPolicy(arn, reader));
    createBucketPolicy(`${name}-files`, closed, policy, this);
    this.createLog(name, args, distribution);
    this.createRecords(name, args, distribution);
    this.createAlarm(name, args, distribution);
    this.url = pulumi.interpolate`https://${args.domain?.domainName ?? distribution.domainName}`;
    this.bucket = bucket.bucket;
    this.distributionId = distribution.id;
    this.distributionArn = distribution.arn;
    this.registerOutputs({
      url: this.url,
      bucket: this.bucket,
      distributionId: this.distributionId,
      distributionArn: this.distributionArn,
      release: this.release,
    });
  }

  private createBucket(name: string, args: StaticSiteArgs) {
    const child = { parent: this };
    const key = new EncryptionKey(
      `${name}-files`,
      { cloud: args.cloud, description: `Files of the site ${name}`, usedBy: ["cloudfront"] },
      child,
    );
    return createClosedBucket(
      `${name}-files`,
      {
        kind: "site",
        settings: { encryption: "kms", keepOldVersionsDays: 90 },
        cloud: args.cloud,
        kmsKeyArn: key.arn,
        protected: false,
        forceDestroy: args.forceDestroy ?? false,
      },
      this,
    );
  }

  private upload(name: string, bucket: aws.s3.Bucket, built: ReturnType<typeof readRelease>) {
    return built.files.map(
      (file) =>
        new aws.s3.BucketObjectv2(
          `${name}-${built.id}-${stableName(file.path, 40)}`,
          {
            bucket: bucket.bucket,
            key: `releases/${built.id}/${file.path}`,
            source: new pulumi.asset.FileAsset(file.source),
            contentType: file.contentType,
            cacheControl: file.cacheControl,
          },
          { parent: this, retainOnDelete: true }, // earlier releases are what one goes back to
        ),
    );
  }

  private createFirewall(name: string, args: StaticSiteArgs): WebFirewall {
    return new WebFirewall(
      `${name}-firewall`,
      { cloud: args.cloud, scope: "cloudFront", ...args.firewall, alarmTopicArn: args.alarmTopicArn },
      { parent: this },
    );
  }

  /** CloudFront's newer logs: no ACL on the bucket, and every field as JSON. Their API is in us-east-1. */
  private createLog(name: string, args: StaticSiteArgs, distribution: aws.cloudfront.Distribution): void {
    const child = { parent: this };
    const place = args.cloud.region === edgeRegion ? {} : { region: edgeRegion };
    const logs = new AccessLogBucket(
      `${name}-logs`,
      {
        cloud: args.cloud,
        writers: ["delivery"],
        retentionDays: args.accessLogRetentionDays ?? 90,
        forceDestroy: args.forceDestroy ?? false,
      },
      child,
    );
    const stem = stableName(`${pulumi.getProject()}-${pulumi.getStack()}-${name}`);
    const source = new aws.cloudwatch.LogDeliverySource(
      `${name}-log-source`,
      { name: stem, logType: "ACCESS_LOGS", resourceArn: distribution.arn, ...place },
      child,
    );
    const destination = new aws.cloudwatch.LogDeliveryDestination(
      `${name}-log-destination`,
      {
        name: stem,
        outputFormat: "json",
        deliveryDestinationConfiguration: { destinationResourceArn: logs.arn },
        ...place,
      },
      child,
    );
    new aws.cloudwatch.LogDelivery(
      `${name}-log-delivery`,
      {
        deliverySourceName: source.name,
        deliveryDestinationArn: destination.arn,
        s3DeliveryConfigurations: [{ enableHiveCompatiblePath: false, suffixPath: "{yyyy}/{MM}/{dd}" }],
        ...place,
      },
      { parent: this, dependsOn: logs.ready },
    );
  }

  private createRecords(name: string, args: StaticSiteArgs, distribution: aws.cloudfront.Distribution): void {
    if (!args.domain) return;
    for (const type of ["A", "AAAA"]) {
      new aws.route53.Record(
        `${name}-dns-${type.toLowerCase()}`,
        {
          zoneId: args.domain.zoneId,
          name: args.domain.domainName,
          type,
          aliases: [{ name: distribution.domainName, zoneId: distribution.hostedZoneId, evaluateTargetHealth: false }],
        },
        { parent: this },
      );
    }
  }

  private createAlarm(name: string, args: StaticSiteArgs, distribution: aws.cloudfront.Distribution): void {
    metricAlarm(
      `${name}-errors-alarm`,
      {
        description: `Over 1 % of the requests to ${name} end in server errors. First look which path they are on: the API's point to its load balancer, files to the bucket's policy or key.`,
        namespace: "AWS/CloudFront",
        metric: "5xxErrorRate",
        dimensions: { DistributionId: distribution.id, Region: "Global" },
        statistic: "Average",
        threshold: 1,
        periodSeconds: 300,
        periods: 2,
        alarmTopicArn: args.alarmTopicArn,
        ...(args.cloud.region === edgeRegion ? {} : { region: edgeRegion }),
      },
      { parent: this },
    );
  }
}
