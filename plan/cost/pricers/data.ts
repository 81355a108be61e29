/** Databases, caches, queues and everything that stores. */
import { list, number, object, text, type Pricer } from "../pricer";

/** Included in RDS gp3's price below and from 400 GB on. */
const rdsGp3Iops = (gb: number) => (gb < 400 ? 3_000 : 12_000);
/** Least IOPS of RDS io1. */
const rdsIo1Iops = 1_000;

const rdsInstance: Pricer = ({ inputs, resource, resources, usage }, bill) => {
  const replicaOf = resource.propertyDependencies.replicateSourceDb?.map((urn) => resources.get(urn)).find(Boolean);
  const engine = text(inputs.engine) ?? text(replicaOf?.inputs.engine) ?? "postgres";
  const copies = inputs.multiAz === true ? 2 : 1;
  const deployment = copies === 2 ? "Multi-AZ" : "Single-AZ";
  const type = text(inputs.instanceClass) ?? "";
  bill.hours(`${type} ${engine}, ${deployment}`, copies, `rds.${engine}.${type}`);
  const storage = text(inputs.storageType) ?? (inputs.iops === undefined ? "gp2" : "io1");
  const gb = number(inputs.allocatedStorage ?? replicaOf?.inputs.allocatedStorage, 20);
  bill.add(`storage (${storage})`, gb * copies, `rds.${storage}`);
  const iops = number(inputs.iops, 0);
  if (storage === "io1") bill.add("IOPS", Math.max(iops, rdsIo1Iops) * copies, "rds.io1.iops");
  if (storage === "gp3" && iops > rdsGp3Iops(gb)) bill.add("IOPS", (iops - rdsGp3Iops(gb)) * copies, "rds.gp3.iops");
  if (usage.database.backupGb > 0) bill.add("backups", usage.database.backupGb, "rds.backup");
};

const replicationGroup: Pricer = ({ inputs }, bill) => {
  const type = text(inputs.nodeType) ?? "";
  const shards = number(inputs.numNodeGroups, 0);
  const nodes = shards > 0 ? shards * (1 + number(inputs.replicasPerNodeGroup, 0)) : number(inputs.numCacheClusters, 1);
  bill.hours(`${nodes} x ${type}`, nodes, `elasticache.${type}`);
};

const bucket: Pricer = ({ usage }, bill) =>
  void bill.add("storage", usage.bucket.storedGb, "s3.standard").add("writes", usage.bucket.put1k, "s3.put");

const table: Pricer = ({ inputs, usage }, bill) => {
  const { storedGb, writeMillions, readMillions } = usage.dynamodb;
  bill.add("storage", storedGb, "dynamodb.storage");
  if (text(inputs.billingMode) === "PAY_PER_REQUEST") {
    bill.add("writes", writeMillions, "dynamodb.wru").add("reads", readMillions, "dynamodb.rru");
  } else {
    bill.add("write capacity", number(inputs.writeCapacity, 1), "dynamodb.wcu");
    bill.add("read capacity", number(inputs.readCapacity, 1), "dynamodb.rcu");
  }
  if (object(inputs.pointInTimeRecovery).enabled === true) bill.add("recovery log", storedGb, "dynamodb.pitr");
};

const fileSystem: Pricer = ({ inputs, usage }, bill) =>
  void bill.add("storage", usage.efs.storedGb, inputs.availabilityZoneName ? "efs.one-zone" : "efs.standard");

/** Backups kept in another Region, at that Region's price. */
const backupsReplication: Pricer = ({ inputs, usage }, bill) => {
  const key = "rds.backup";
  bill.add("backups", usage.backupCopy.storedGb, text(inputs.region) ? `${text(inputs.region) ?? ""}/${key}` : key);
};

export const dataPricers: Readonly<Record<string, Pricer>> = {
  "aws:rds/instance:Instance": rdsInstance,
  "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": backupsReplication,
  "aws:athena/workgroup:Workgroup": ({ usage }, bill) =>
    void bill.add("data scanned", usage.athena.scannedTb, "athena.scanned"),
  "aws:backup/restoreTestingSelection:RestoreTestingSelection": ({ usage }, bill) =>
    void bill.add("tested recovery points", usage.restoreTest.recoveryPoints, "backup.restore-test"),
  "aws:elasticache/replicationGroup:ReplicationGroup": replicationGroup,
  "aws:elasticache/cluster:Cluster": ({ inputs }, bill) => {
    if (inputs.replicationGroupId !== undefined) bill.note("priced with its replication group");
    else {
      const nodes = number(inputs.numCacheNodes, 1);
      const type = text(inputs.nodeType) ?? "";
      bill.hours(`${nodes} x ${type}`, nodes, `elasticache.${type}`);
    }
  },
  "aws:s3/bucket:Bucket": bucket,
  "aws:dynamodb/table:Table": table,
  "aws:efs/fileSystem:FileSystem": fileSystem,
  "aws:ecr/repository:Repository": ({ usage }, bill) => void bill.add("storage", usage.ecr.storedGb, "ecr.storage"),
  "awsx:ecr:Repository": ({ usage }, bill) => void bill.add("storage", usage.ecr.storedGb, "ecr.storage"),
  "aws:backup/vault:Vault": ({ usage }, bill) =>
    void bill.add("recovery points", usage.snapshots.storedGb, "backup.ebs"),
  "aws:sqs/queue:Queue": ({ inputs, usage }, bill) =>
    void bill.add(
      "requests",
      usage.sqs.requestsMillions,
      inputs.fifoQueue === true ? "sqs.fifo.requests" : "sqs.requests",
    ),
  "aws:sns/topic:Topic": ({ usage }, bill) => void bill.add("requests", usage.sns.requestsMillions, "sns.requests"),
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": ({ usage }, bill) =>
    void bill.add("data", usage.firehose.ingestedGb, "firehose.ingested"),
  "aws:kinesis/stream:Stream": ({ inputs }, bill) => {
    const shards = number(inputs.shardCount, list(inputs.shards).length || 1);
    bill.hours(`${shards} shards`, shards, "kinesis.shard");
  },
};
