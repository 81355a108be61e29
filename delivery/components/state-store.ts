import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud } from "../../components/common/iam";
import { EncryptionKey } from "../../components/security/encryption-key";

/** What a role needs to reach the state. */
export interface StateAccess {
  readonly bucketArn: string;
  readonly keyArn: string;
}

export interface StateStoreArgs {
  readonly cloud: Cloud;
  /** Days that old versions of state are kept: how far back a lost state can be brought. */
  readonly keepVersionsDays: number;
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
 * A place for state beside Pulumi Cloud: `pulumi login s3://<bucket>`, and a key for the secrets in it
 * (`pulumi stack init --secrets-provider=awskms://<key>`).
 *
 * Makes: a KMS key with its alias; a versioned bucket under it, closed to the public, for TLS and this account only. Both
 * outlive the stack and are protected.
 * Cost: the key, 1 USD a month; state is megabytes.
 */
export class StateStore extends pulumi.ComponentResource {
  readonly access: pulumi.Output<StateAccess>;
  /** For `pulumi login`. */
  readonly backendUrl: pulumi.Output<string>;
  /** For `pulumi stack init --secrets-provider`. */
  readonly secretsProvider: pulumi.Output<string>;

  constructor(name: string, args: StateStoreArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:StateStore", name, {}, opts);
    const { cloud } = args;
    const child = { parent: this };
    const kept = { parent: this, protect: true, retainOnDelete: true };
    const key = new EncryptionKey(
      `${name}-key`,
      { cloud, description: "Pulumi state and its secrets", retain: true },
      child,
    );
    const bucket = new aws.s3.Bucket(`${name}-bucket`, { tags: { Name: `${name}-bucket` } }, kept);
    closeBucket(name, bucket, key.arn, args, child);
    this.access = pulumi.all([bucket.arn, key.arn]).apply(([bucketArn, keyArn]) => ({ bucketArn, keyArn }));
    this.backendUrl = pulumi.interpolate`s3://${bucket.bucket}?region=${cloud.region}`;
    this.secretsProvider = pulumi.interpolate`awskms:///${key.arn}?region=${cloud.region}`;
    this.registerOutputs({ backendUrl: this.backendUrl, secretsProvider: this.secretsProvider });
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
