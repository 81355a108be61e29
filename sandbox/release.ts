import { DynamoDBClient, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { EC2Client, ModifyInstanceAttributeCommand } from "@aws-sdk/client-ec2";
import { ModifyDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { DeleteObjectCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { emulatorAccess } from "./emulator-access";
import type { StateResource } from "./engine";
import { emulatorS3 } from "./seed";

/** Removes every version of every object; a bucket with objects is not deleted. */
async function emptyBucket(endpoint: string, Bucket: string): Promise<void> {
  const s3 = emulatorS3(endpoint);
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const all = [...Versions, ...DeleteMarkers];
    if (all.length === 0) return;
    for (const { Key, VersionId } of all) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }));
    }
  }
}

/**
 * Lifts what keeps live resources from being removed: objects in buckets, deletion protection of databases and tables,
 * termination protection of instances. In a real account people do this one by one, on purpose; in the sandbox nothing is worth it.
 */
export async function releaseGuards(endpoint: string, resources: readonly StateResource[]): Promise<void> {
  for (const { type, id = "", outputs } of resources) {
    const region = typeof outputs?.region === "string" ? outputs.region : "us-east-1";
    if (type === "aws:s3/bucket:Bucket") await emptyBucket(endpoint, id);
    if (type === "aws:rds/instance:Instance" && outputs?.deletionProtection === true) {
      await new RDSClient(emulatorAccess(endpoint, region)).send(
        new ModifyDBInstanceCommand({ DBInstanceIdentifier: String(outputs.identifier), DeletionProtection: false }),
      );
    }
    if (type === "aws:dynamodb/table:Table" && outputs?.deletionProtectionEnabled === true) {
      await new DynamoDBClient(emulatorAccess(endpoint, region)).send(
        new UpdateTableCommand({ TableName: id, DeletionProtectionEnabled: false }),
      );
    }
    if (type === "aws:ec2/instance:Instance" && outputs?.disableApiTermination === true) {
      await new EC2Client(emulatorAccess(endpoint, region)).send(
        new ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value: false } }),
      );
    }
  }
}
