import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud } from "../../components/common/iam";
import { EncryptionKey } from "../../components/security/encryption-key";

/** What a role needs to reach one stack's state. */
export interface StateAccess {
  readonly bucketArn: string;
  /** Key of the bucket's objects. */
  readonly keyArn: string;
  /** Key of the stack's own secrets in its state and its file. */
  readonly secretsKeyArn: string;
}

export interface StateStoreArgs {
  readonly cloud: Cloud;
  /** Days that old versions of state are kept: how far back a lost state can be brought. */
  readonly keepVersionsDays: number;
  /** Stages whose stacks keep their state here: each has a key of its own for its secrets. */
  readonly stages: readonly string[];
}

/** TLS only, and only this account's identities. */
export function stateBucketPolicy(bucketArn: string, { accountId }: Cloud) {
  const Resource = [bucketArn, `${bucketArn}/*`];
  const Deny = { Effect: "Deny", Principal: "*", Resource } as const;
  return policyDocument([
    { Sid: "TlsOnly", ...Deny, Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
    {
      Sid: "OwnAccountOnly",
      ...Deny,
      Action: "s3:*",
      Condition: { StringNotEquals: { "aws:PrincipalAccount": accountId } },
    },
  ]);
}

/**
 * A place for state beside Pulumi Cloud: `pulumi login s3://<bucket>`, and for each stage a key for
 * the secrets in it (`pulumi stack init --secrets-provider=awskms:///<key>`), so that no stage can read another's.
 *
 * Makes: KMS keys with their aliases; a versioned bucket under it, closed to the public, for TLS and this account only. All
 * outlive the stack and are protected.
 * Cost: a key, 1 USD a month; state is megabytes.
 */
export class StateStore extends pulumi.ComponentResource {
  /** By stage. */
  readonly access: Readonly<Record<string, pulumi.Output<StateAccess>>>;
  /** For `pulumi login`. */
  readonly backendUrl: pulumi.Output<string>;
  /** For `pulumi stack init --secrets-provider`, by stage. */
  readonly secretsProviders: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: StateStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:StateStore", name, {}, opts);
    const { cloud } = args;
    const child = { parent: this };
    const kept = { parent: this, protect: true, retainOnDelete: true };
    const key = new EncryptionKey(`${name}-key`, { cloud, description: "Pulumi state", retain: true }, child);
    const bucket = new aws.s3.Bucket(`${name}-bucket`, { tags: { Name: `${name}-bucket` } }, kept);
    closeBucket(name, bucket, key.arn, args, child);
    const secrets = Object.fromEntries(
      args.stages.map((stage) => {
        const description = `Secrets in the Pulumi state of ${stage}`;
        return [stage, new EncryptionKey(`${name}-secrets-${stage}`, { cloud, description, retain: true }, child).arn];
      }),
    );
    const each = <T>(made: (secretsKeyArn: pulumi.Output<string>) => T) =>
      Object.fromEntries(Object.entries(secrets).map(([stage, arn]) => [stage, made(arn)]));
    this.access = each((secretsKeyArn) => pulumi.output({ bucketArn: bucket.arn, keyArn: key.arn, secretsKeyArn }));
    this.backendUrl = pulumi.interpolate`s3://${bucket.bucket}?region=${cloud.region}`;
    this.secretsProviders = each((arn) => pulumi.interpolate`awskms:///${arn}?region=${cloud.region}`);
    this.registerOutputs({ backendUrl: this.backendUrl, secretsProviders: this.secretsProviders });
  }
}

function closeBucket(
  name: string,
  { id: bucket, arn }: aws.s3.Bucket,
  keyArn: pulumi.Input<string>,
  { cloud, keepVersionsDays }: StateStoreArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  new aws.s3.BucketVersioning(`${name}-versioning`, { bucket, versioningConfiguration: { status: "Enabled" } }, opts);
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    {
      bucket,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
          bucketKeyEnabled: true,
        },
      ],
    },
    opts,
  );
  const closed = new aws.s3.BucketPublicAccessBlock(
    `${name}-public-access`,
    { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    opts,
  );
  new aws.s3.BucketOwnershipControls(
    `${name}-ownership`,
    { bucket, rule: { objectOwnership: "BucketOwnerEnforced" } },
    opts,
  );
  new aws.s3.BucketLifecycleConfiguration(
    `${name}-lifecycle`,
    {
      bucket,
      rules: [
        {
          id: "old-versions",
          status: "Enabled",
          filter: {},
          noncurrentVersionExpiration: { noncurrentDays: keepVersionsDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        },
      ],
    },
    opts,
  );
  new aws.s3.BucketPolicy(
    `${name}-policy`,
    { bucket, policy: arn.apply((it) => JSON.stringify(stateBucketPolicy(it, cloud))) },
    { ...opts, dependsOn: closed },
  );
}
