import type * as aws from "@pulumi/aws";
import { bucketTypes, companionsOf, companionTypes } from "../frame/buckets";
import { checkov, fsbp, on, reference, type Policy, type StackResource, type StackView } from "../frame/policy";
import { forEachKnown, ifKnown, isGiven, listOf } from "../frame/values";
import { globTest } from "../frame/waivers";

type Bucket = StackResource<{ readonly bucket?: string; readonly tags?: Readonly<Record<string, string>> }>;

export const s3Versioned: Policy = {
  name: "s3-versioned",
  description: "Buckets keep versions of their objects.",
  severity: "medium",
  level: "mandatory",
  fix: "Give the bucket an aws.s3.BucketVersioning with status Enabled",
  url: reference("s3/bucketversioning"),
  checkov: checkov(21),
  rules: on<aws.s3.BucketVersioningArgs>(companionTypes("BucketVersioning"), ({ versioningConfiguration }, report) => {
    if (versioningConfiguration.status !== "Enabled")
      report(`versioning is ${versioningConfiguration.status || "not set"}`);
  }),
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType<aws.s3.BucketArgs>(...bucketTypes), (bucket) => {
      if (companionsOf(stack, bucket, "BucketVersioning").length > 0) return;
      if (!ifKnown(() => bucket.props.versioning?.enabled)) report("it keeps no versions", bucket);
    });
  },
};

export const s3LifecycleSet: Policy = {
  name: "s3-lifecycle-set",
  description: "Buckets say what becomes of old versions and of uploads that never ended.",
  severity: "low",
  level: "advisory",
  fix: "Give the bucket an aws.s3.BucketLifecycleConfiguration with abortIncompleteMultipartUpload",
  url: reference("s3/bucketlifecycleconfiguration"),
  frameworks: [fsbp("S3.13")],
  checkov: checkov(300, "2:61"),
  rules: on<aws.s3.BucketLifecycleConfigurationArgs>(
    companionTypes("BucketLifecycleConfiguration"),
    (lifecycle, report) => {
      const rules = listOf(lifecycle.rules).filter(({ status }) => status === "Enabled");
      if (!rules.some((rule) => rule.abortIncompleteMultipartUpload))
        report("uploads that never ended stay, and are paid for");
    },
  ),
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType<aws.s3.BucketArgs>(...bucketTypes), (bucket) => {
      if (companionsOf(stack, bucket, "BucketLifecycleConfiguration").length > 0) return;
      if (listOf(ifKnown(() => bucket.props.lifecycleRules)).length === 0) report("everything stays for ever", bucket);
    });
  },
};

/** Buckets of records that a regulator asks for: named so, or tagged so. */
function isCompliance(bucket: Bucket): boolean {
  const tag = ifKnown(() => bucket.props.tags?.dataClass ?? bucket.props.tags?.purpose);
  if (tag !== undefined) return /compliance|trade-?records|regulatory/.test(tag);
  return /(^|-)(compliance|regulatory)(-|$)/.test(bucket.name) && !/replica|logs?$/.test(bucket.name);
}

export const complianceBucketLockedAndReplicated: Policy = {
  name: "compliance-bucket-locked-and-replicated",
  description: "Records for the regulator cannot be changed or deleted, and have a copy elsewhere.",
  severity: "critical",
  level: "mandatory",
  fix: "Set objectLockEnabled with a COMPLIANCE retention of six years or more, and an aws.s3.BucketReplicationConfig",
  url: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html",
  frameworks: [{ name: "SEC 17a-4", version: "2022", reference: "17 CFR 240.17a-4(f)(2)(i)(B)" }],
  checkov: checkov(143, 144),
  config: {
    minimumYears: {
      type: "integer",
      minimum: 1,
      default: 6,
      description: "Shortest retention that is accepted, in years.",
    },
  },
  stackRule: (stack, report, { config }) => {
    const minimumYears = Number(config.minimumYears ?? 6);
    forEachKnown(stack.ofType<aws.s3.BucketArgs>(...bucketTypes), (bucket) => {
      if (!isCompliance(bucket)) return;
      const locks = companionsOf<aws.s3.BucketObjectLockConfigurationArgs>(
        stack,
        bucket,
        "BucketObjectLockConfiguration",
      );
      const retention = locks.map(({ props }) => props.rule?.defaultRetention).find((one) => one);
      // The one that is not given is 0 in what the provider reads back.
      const years = retention ? Math.max(retention.years ?? 0, (retention.days ?? 0) / 365) : 0;
      if (retention?.mode !== "COMPLIANCE") report("its objects can be deleted before their time", bucket);
      else if (years < minimumYears)
        report(`its objects are locked for ${Number(years.toFixed(1))} years; ${minimumYears} are asked for`, bucket);
      if (companionsOf(stack, bucket, "BucketReplicationConfig").length === 0)
        report("it has no copy elsewhere", bucket);
    });
  },
};

/** What holds state that a backup plan can save, and how ARNs of its kind begin after the partition. */
const backedUpTypes: Readonly<Record<string, RegExp>> = {
  "aws:rds/instance:Instance": /^rds:[^:]*:[^:]*:db:/,
  "aws:rds/cluster:Cluster": /^rds:[^:]*:[^:]*:cluster:/,
  "aws:efs/fileSystem:FileSystem": /^elasticfilesystem:/,
  "aws:dynamodb/table:Table": /^dynamodb:/,
  "aws:ebs/volume:Volume": /^ec2:[^:]*:[^:]*:volume\//,
};

type Conditions = Readonly<Record<string, readonly { readonly key: string; readonly value: string }[] | undefined>>;

interface Selection {
  readonly resources?: readonly string[];
  readonly selectionTags?: readonly { readonly key: string; readonly value: string }[];
  readonly conditions?: readonly Conditions[];
}

/** Tests of a selection's conditions on one tag's value; a form that is not known here selects nothing. */
const conditionTests: Readonly<Record<string, (value: string | undefined, wanted: string) => boolean>> = {
  stringEquals: (value, wanted) => value === wanted,
  stringLikes: (value, wanted) => value !== undefined && globTest(wanted)(value),
  stringNotEquals: (value, wanted) => value !== undefined && value !== wanted,
  stringNotLikes: (value, wanted) => value !== undefined && !globTest(wanted)(value),
};

/** Conditions of a selection narrow what its `resources` name: all of them have to hold. */
function meetsConditions(tags: Readonly<Record<string, string>>, conditions: readonly Conditions[]): boolean {
  return conditions
    .flatMap((one) => Object.entries(one))
    .every(([form, wanted]) =>
      (wanted ?? []).every(({ key, value }) =>
        conditionTests[form]?.(tags[key.replace(/^aws:ResourceTag\//, "")], value),
      ),
    );
}

/** Whether a selection's `resources` hold every ARN of a kind. */
function isNamed({ resources }: Selection, ofKind: RegExp | undefined): boolean {
  return listOf(ifKnown(() => resources))
    .filter((arn): arn is string => typeof arn === "string")
    .some((arn) => arn === "*" || (arn.endsWith("*") && ofKind?.test(arn.split(":").slice(2).join(":"))));
}

function isSelected(resource: StackResource, selections: readonly StackResource<Selection>[]): boolean {
  const tags = ifKnown(() => resource.props.tags as Readonly<Record<string, string>> | undefined) ?? {};
  const ofKind = backedUpTypes[resource.type];
  return selections.some(({ props, propertyDependencies }) => {
    if (listOf(ifKnown(() => props.selectionTags)).some(({ key, value }) => tags[key] === value)) return true;
    const named =
      (propertyDependencies.resources ?? []).some(({ urn }) => urn === resource.urn) || isNamed(props, ofKind);
    return named && meetsConditions(tags, listOf(ifKnown(() => props.conditions)));
  });
}

/** Replicas, scratch volumes and caches that can be made again are marked so. */
const isDisposable = (resource: StackResource) => {
  const tags = ifKnown(() => resource.props.tags as Readonly<Record<string, string>> | undefined);
  return tags?.backup === "none" || isGiven(() => resource.props.replicateSourceDb);
};

export const backupPlanCoversState: Policy = {
  name: "backup-plan-covers-state",
  description: "A backup plan covers every database, file system, table and volume.",
  severity: "high",
  level: "mandatory",
  fix: "Turn the backups section on; what can be made again carries the tag backup=none",
  url: reference("backup/selection"),
  checkov: checkov("2:8", "2:9", "2:18"),
  stackRule: (stack: StackView, report) => {
    const selections = stack.ofType<Selection>(
      "aws:backup/selection:Selection",
    ) as unknown as StackResource<Selection>[];
    for (const resource of stack.ofType(...Object.keys(backedUpTypes)) as readonly StackResource[]) {
      if (!isDisposable(resource) && !isSelected(resource, selections)) report("no backup plan covers it", resource);
    }
  },
};

/** What guards each kind of state beside Pulumi's `protect`; the engine tells packs nothing of `retainOnDelete`. */
const guards: Readonly<Record<string, (props: Readonly<Record<string, unknown>>) => boolean>> = {
  "aws:rds/instance:Instance": (props) => props.deletionProtection === true || isGiven(() => props.replicateSourceDb),
  "aws:rds/cluster:Cluster": (props) => props.deletionProtection === true,
  "aws:dynamodb/table:Table": (props) => props.deletionProtectionEnabled === true,
  "aws:efs/fileSystem:FileSystem": () => false,
  "aws:ebs/volume:Volume": (props) => props.finalSnapshot === true,
  "aws:elasticache/replicationGroup:ReplicationGroup": (props) => isGiven(() => props.finalSnapshotIdentifier),
  "aws:s3/bucket:Bucket": (props) => props.forceDestroy !== true,
  "aws:s3/bucketV2:BucketV2": (props) => props.forceDestroy !== true,
  "aws:secretsmanager/secret:Secret": (props) => (props.recoveryWindowInDays ?? 30) !== 0,
};

export const statefulProtected: Policy = {
  name: "stateful-protected",
  description: "Nothing that holds state goes away with one deployment.",
  severity: "high",
  level: "mandatory",
  fix: "Set protect, or what AWS offers: deletionProtection, finalSnapshot, forceDestroy: false, a recovery window",
  url: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
  stackRule: (stack, report) => {
    forEachKnown(stack.ofType(...Object.keys(guards)) as readonly StackResource[], (resource) => {
      if (resource.protect || guards[resource.type]?.(resource.props)) return;
      report("one deployment can take it away", resource);
    });
  },
};

export const loadBalancerDeletionProtection: Policy = {
  name: "load-balancer-deletion-protection",
  description: "Load balancers cannot be deleted by one call.",
  severity: "medium",
  level: "mandatory",
  fix: "Set enableDeletionProtection: true",
  url: reference("lb/loadbalancer"),
  frameworks: [fsbp("ELB.6")],
  checkov: checkov(150),
  rules: on<aws.lb.LoadBalancerArgs>(
    [
      "aws:lb/loadBalancer:LoadBalancer",
      "aws:alb/loadBalancer:LoadBalancer",
      "awsx:lb:ApplicationLoadBalancer",
      "awsx:lb:NetworkLoadBalancer",
    ],
    (balancer, report) => {
      if (balancer.enableDeletionProtection !== true) report("one call deletes it");
    },
  ),
};

export const state: readonly Policy[] = [
  s3Versioned,
  s3LifecycleSet,
  complianceBucketLockedAndReplicated,
  backupPlanCoversState,
  statefulProtected,
  loadBalancerDeletionProtection,
];
