/** Buckets and their companion resources, under both names that the provider has for each. */
import type { Unwrap } from "@pulumi/pulumi";
import type { StackResource, StackView } from "./policy";
import { ifKnown } from "./values";

export const bucketTypes = ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"] as const;

/** Companions that the provider has under two names. */
const doubled = [
  "BucketAcl",
  "BucketLifecycleConfiguration",
  "BucketLogging",
  "BucketObjectLockConfiguration",
  "BucketServerSideEncryptionConfiguration",
  "BucketVersioning",
];

/** Type tokens of a companion: `BucketVersioning` and, where there is one, `BucketVersioningV2`. */
export function companionTypes(kind: string): readonly string[] {
  const file = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`;
  const token = `aws:s3/${file}:${kind}`;
  return doubled.includes(kind) ? [token, `aws:s3/${file}V2:${kind}V2`] : [token];
}

/**
 * The companions of a bucket: those whose `bucket` is made from its outputs or, where both are written out, has its name.
 */
export function companionsOf<Args>(
  stack: StackView,
  bucket: StackResource<{ readonly bucket?: string }>,
  kind: string,
): readonly StackResource<Unwrap<Args>>[] {
  const types = companionTypes(kind);
  const linked = stack.referrers<Args>(bucket, types, "bucket");
  const name = ifKnown(() => bucket.props.bucket);
  if (linked.length > 0 || name === undefined) return linked;
  return stack
    .ofType<Args>(...types)
    .filter((one) => ifKnown(() => (one.props as { bucket?: string }).bucket) === name);
}
