import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud } from "../common/iam";
import { EncryptionKey } from "../security/encryption-key";

export interface FargateClusterArgs {
  readonly cloud: Cloud;
  /** Days that the log of interactive sessions is kept. @default 90 */
  readonly logRetentionDays?: number;
}

/**
 * An ECS cluster for Fargate: metrics of every task, and sessions into containers that are logged and encrypted.
 *
 * Makes: `aws.ecs.Cluster` with Container Insights, its capacity providers, a key for logs and images, a session log.
 * Cost: the key, 1 USD a month, and the metrics of Container Insights, about 0.07 USD each and month.
 */
export class FargateCluster extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** Key of the services' logs and of their image repositories. */
  readonly keyArn: pulumi.Output<string>;

  constructor(name: string, args: FargateClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:FargateCluster", name, {}, opts);
    const child = { parent: this };
    const key = new EncryptionKey(
      name,
      { cloud: args.cloud, description: `Logs and images of the services of ${name}`, usedBy: ["logs"] },
      child,
    );
    const sessions = new aws.cloudwatch.LogGroup(
      `${name}-sessions`,
      { kmsKeyId: key.arn, retentionInDays: args.logRetentionDays ?? 90 },
      child,
    );
    const cluster = new aws.ecs.Cluster(
      `${name}-cluster`,
      {
        settings: [{ name: "containerInsights", value: "enabled" }],
        configuration: {
          executeCommandConfiguration: {
            kmsKeyId: key.arn,
            logging: "OVERRIDE",
            logConfiguration: { cloudWatchEncryptionEnabled: true, cloudWatchLogGroupName: sessions.name },
          },
        },
        tags: { Name: name },
      },
      child,
    );
    new aws.ecs.ClusterCapacityProviders(
      `${name}-capacity`,
      { clusterName: cluster.name, capacityProviders: ["FARGATE", "FARGATE_SPOT"] },
      child,
    );
    this.arn = cluster.arn;
    this.name = cluster.name;
    this.keyArn = key.arn;
    this.registerOutputs({ arn: this.arn, name: this.name, keyArn: this.keyArn });
  }
}
