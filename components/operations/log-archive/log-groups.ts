import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { topComponentName } from "../../common/tags";

/** One log group of the stack, whichever component made it. */
export interface StackLogGroup {
  readonly name: string;
  readonly component: string;
  readonly group: Pick<aws.cloudwatch.LogGroup, "name">;
}

/** Remembers every log group of the stack's Region, for the archive. */
export function collectLogGroups(): StackLogGroup[] {
  const groups: StackLogGroup[] = [];
  pulumi.runtime.registerStackTransformation(({ resource, type, name, props, opts }) => {
    // A group of another Region cannot be sent from here.
    if (type !== "aws:cloudwatch/logGroup:LogGroup" || props.region !== undefined) return undefined;
    groups.push({
      name,
      component: topComponentName(opts.parent, name),
      group: resource as unknown as StackLogGroup["group"],
    });
    return undefined;
  });
  return groups;
}
