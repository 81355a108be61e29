import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { archivePrefix } from "./delivery";

/** Prefix of query results in the archive's bucket; they expire after days. */
export const resultsPrefix = "query-results/";

/** Columns of what CloudWatch Logs sends: one line a batch of events of one log stream. */
const columns = [
  { name: "messageType", type: "string" },
  { name: "owner", type: "string" },
  { name: "logGroup", type: "string" },
  { name: "logStream", type: "string" },
  { name: "subscriptionFilters", type: "array<string>" },
  { name: "logEvents", type: "array<struct<id:string,timestamp:bigint,message:string>>" },
];

/** First day that is asked for; Athena knows the days by counting, without a crawler. */
const firstDay = "2026-01-01";

/** Largest amount of data that one query may read: a forgotten day costs a cent, not a year's logs. */
const scanLimitBytes = 100 * 2 ** 30;

/** Table by day and workgroup, so that SQL finds what left CloudWatch. */
export function createCatalog(
  name: string,
  at: { readonly bucketName: pulumi.Output<string>; readonly keyArn: pulumi.Output<string>; readonly kept: boolean },
  parent: pulumi.Resource,
): { database: aws.glue.CatalogDatabase; table: aws.glue.CatalogTable; workgroup: aws.athena.Workgroup } {
  const plain = (text: string) => text.replace(/[^a-z0-9]+/gi, "_").toLowerCase();
  const database = new aws.glue.CatalogDatabase(
    `${name}-catalog`,
    { name: plain(`${pulumi.getProject()}_${pulumi.getStack()}_logs`), description: "Archived logs" },
    { parent },
  );
  const location = pulumi.interpolate`s3://${at.bucketName}/${archivePrefix}`;
  const table = new aws.glue.CatalogTable(
    `${name}-events`,
    {
      name: "events",
      databaseName: database.name,
      tableType: "EXTERNAL_TABLE",
      partitionKeys: [{ name: "day", type: "string" }],
      parameters: {
        EXTERNAL: "TRUE",
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": `${firstDay},NOW`,
        "storage.location.template": pulumi.interpolate`${location}day=\${day}/`,
      },
      storageDescriptor: {
        location,
        columns,
        inputFormat: "org.apache.hadoop.mapred.TextInputFormat",
        outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        serDeInfo: {
          serializationLibrary: "org.openx.data.jsonserde.JsonSerDe",
          parameters: { "case.insensitive": "true", "ignore.malformed.json": "true" },
        },
      },
    },
    { parent },
  );
  const workgroup = new aws.athena.Workgroup(
    `${name}-queries`,
    {
      description: "Queries of archived logs",
      forceDestroy: !at.kept,
      configuration: {
        enforceWorkgroupConfiguration: true,
        publishCloudwatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: scanLimitBytes,
        resultConfiguration: {
          outputLocation: pulumi.interpolate`s3://${at.bucketName}/${resultsPrefix}`,
          encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKeyArn: at.keyArn },
        },
      },
    },
    { parent },
  );
  return { database, table, workgroup };
}
