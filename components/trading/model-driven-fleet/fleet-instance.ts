import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { version } from "@pulumi/aws/package.json";

/**
 * An `aws.ec2.Instance` to the engine, in type, inputs and provider, which gives back its URN and id alone. The SDK makes a
 * handful of promises for every output that a class declares, 55 of an instance's; nobody reads them of a thousand models,
 * and without them a fleet is evaluated in a third of the time and memory.
 */
export class FleetInstance extends pulumi.CustomResource {
  constructor(name: string, args: aws.ec2.InstanceArgs, opts: pulumi.CustomResourceOptions) {
    // `tagsAll` is what tells `tagEverything` that the type takes tags.
    super("aws:ec2/instance:Instance", name, { ...args, tagsAll: undefined }, pulumi.mergeOptions({ version }, opts));
  }
}
