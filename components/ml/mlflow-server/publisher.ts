import * as pulumi from "@pulumi/pulumi";
import { metricAlarm } from "../../common/alarm";
import { httpsOnlyGroup } from "../../common/https-only-group";
import type { Cloud } from "../../common/iam";
import { LambdaFunction } from "../../common/lambda-function";
import { scheduledCall } from "../../common/scheduled-call";
import { publisherStatements, type PublisherAccess } from "./policies";

/** What is published, in plain values. */
export interface PublishSettings {
  /** Alias of a registered model whose version is deployed. */
  readonly alias: string;
  /** How often aliases are looked at: an expression of EventBridge Scheduler. */
  readonly schedule: string;
}

export interface PublisherArgs extends PublishSettings {
  readonly cloud: Cloud;
  readonly url: string;
  readonly caParameter: string;
  readonly access: pulumi.Output<PublisherAccess>;
  readonly artifacts: pulumi.Output<string>;
  readonly deployBucket: pulumi.Input<string>;
  readonly vpcId: pulumi.Input<string>;
  readonly subnetIds: readonly pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  readonly keyArn: pulumi.Output<string>;
  readonly logRetentionDays: number;
  readonly alarmTopicArn?: pulumi.Input<string>;
}

/** Key of the list of published models in the deploy bucket, outside of the models' prefix. */
export const recordKey = "published/mlflow.json";

/** The group of the publisher: HTTPS out, to the server and to AWS. */
export function createPublisherGroup(name: string, vpcId: pulumi.Input<string>, opts: pulumi.CustomResourceOptions) {
  return httpsOnlyGroup(
    `${name}-publisher`,
    { vpcId, description: "Model publisher: nothing comes in", speaksTo: "The MLflow server and AWS APIs" },
    opts,
  );
}

/** The function that makes the deploy bucket what the registry's aliases say, its schedule and its alarms. */
export function createPublisher(name: string, args: PublisherArgs, opts: pulumi.CustomResourceOptions): LambdaFunction {
  const { cloud, alarmTopicArn } = args;
  const lambda = new LambdaFunction(
    `${name}-publish`,
    {
      cloud,
      entry: "model-publish",
      description: `Copies the model versions with the alias ${args.alias} to the deploy bucket`,
      keyArn: args.keyArn,
      statements: args.access.apply((access) => publisherStatements(cloud, access)),
      environment: {
        MLFLOW_URL: args.url,
        MLFLOW_CA_PARAMETER: args.caParameter,
        MLFLOW_SECRET: args.access.apply(({ secretArn }) => secretArn),
        ARTIFACTS: args.artifacts,
        DEPLOY_BUCKET: args.deployBucket,
        DEPLOY_PREFIX: args.access.apply(({ deploy }) => deploy.prefix),
        RECORD_KEY: recordKey,
        ALIAS: args.alias,
        POWERTOOLS_METRICS_NAMESPACE: "TradingPlatform/Mlflow",
        POWERTOOLS_SERVICE_NAME: name,
      },
      timeoutSeconds: 900,
      memoryMiB: 512,
      vpc: { subnetIds: args.subnetIds, securityGroupIds: [args.securityGroupId] },
      logRetentionDays: args.logRetentionDays,
      alarmTopicArn,
      onError: "First: the function's log says which model; the deploy bucket holds what was published before.",
    },
    opts,
  );
  scheduledCall(
    `${name}-publish-schedule`,
    { cloud, lambda, description: "Aliases of the registry to the deploy bucket", schedule: args.schedule },
    opts,
  );
  metricAlarm(
    `${name}-rejected`,
    {
      description: `A model version with the alias ${args.alias} cannot be deployed. First: the log of ${name}-publish names it and what is missing (tags type, symbol, outer and inner of the version).`,
      namespace: "TradingPlatform/Mlflow",
      metric: "ModelsRejected",
      dimensions: { service: name },
      statistic: "Maximum",
      threshold: 0,
      periodSeconds: 900,
      periods: 1,
      missing: "ignore", // runs can be a day apart: what the last one said holds
      alarmTopicArn,
    },
    opts,
  );
  return lambda;
}
