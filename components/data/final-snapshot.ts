import * as pulumi from "@pulumi/pulumi";

/**
 * Name of the last snapshot of a store that is being deleted. It ends in the last part of the store's own key, which every
 * stack makes anew and keeps: a stack that is destroyed and made again leaves a second snapshot beside the first, where one
 * fixed name would make AWS refuse the second deletion.
 */
export function finalSnapshotName(store: string, keyArn: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(keyArn).apply((arn) => `${store}-final-${arn.slice(-12)}`);
}
