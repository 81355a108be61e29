import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { TopicsAbroad } from "../../common/alarm";
import type { Cloud } from "../../common/iam";
import type { DataNetwork } from "../database";
import { serverParameters } from "../tuning";
import type { PostgresSettings } from "./settings";

export interface PostgresDatabaseArgs {
  readonly cloud: Cloud;
  readonly settings: PostgresSettings;
  readonly network: DataNetwork;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** Topics of the Regions of replicas abroad. @default none */
  readonly alarmTopicsAbroad?: TopicsAbroad;
  /** Days that the master secret can be restored after its deletion. @default 0 (deleted at once) */
  readonly secretRecoveryDays?: number;
}

/** What the parts of one database share. */
export interface PostgresParts {
  readonly name: string;
  /** Identifier in RDS, known before anything is made, as log groups and alarms carry it. */
  readonly identifier: string;
  readonly args: PostgresDatabaseArgs;
  readonly monitoringRoleArn?: pulumi.Output<string>;
}

/** Logs that RDS sends to CloudWatch. */
export const exportedLogs = ["postgresql", "upgrade"] as const;

/** Parameters whatever the tuning: TLS alone, and what an incident needs to know. */
const fixedParameters = [
  { name: "rds.force_ssl", value: "1", applyMethod: "immediate" },
  { name: "log_connections", value: "1", applyMethod: "immediate" },
  { name: "log_disconnections", value: "1", applyMethod: "immediate" },
  // Replaces RDS's default list, which is pg_stat_statements alone.
  { name: "shared_preload_libraries", value: "pg_stat_statements", applyMethod: "pending-reboot" },
] as const;

/** Parameter group of the tuning; a change of the major makes another family and so another group. */
export function createParameterGroup(
  name: string,
  settings: PostgresSettings,
  region: string | undefined,
  parent: pulumi.Resource,
): aws.rds.ParameterGroup {
  const tuned = serverParameters(settings.tuning, settings.instanceClass);
  const tls = {
    name: "ssl_min_protocol_version",
    value: `TLSv${settings.minimumTls}`,
    applyMethod: "immediate",
  } as const;
  const parameters = new Map([...fixedParameters, tls, ...tuned].map((parameter) => [parameter.name, parameter]));
  return new aws.rds.ParameterGroup(
    name,
    {
      family: `postgres${settings.engineVersion.split(".")[0] ?? ""}`,
      description: `${settings.tuning.profile} tuning for ${settings.instanceClass}`,
      parameters: [...parameters.values()],
      region,
    },
    { parent },
  );
}

/** Log groups in place before RDS would make its own without key and retention. */
export function logGroups(
  name: string,
  identifier: string,
  settings: PostgresSettings,
  kmsKeyArn: pulumi.Output<string>,
  region: string | undefined,
  parent: pulumi.Resource,
): aws.cloudwatch.LogGroup[] {
  return exportedLogs.map(
    (log) =>
      new aws.cloudwatch.LogGroup(
        `${name}-${log}-logs`,
        {
          name: `/aws/rds/instance/${identifier}/${log}`,
          retentionInDays: settings.logRetentionDays,
          kmsKeyId: kmsKeyArn,
          region,
        },
        { parent },
      ),
  );
}
