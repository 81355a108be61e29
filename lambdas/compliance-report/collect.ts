/** Collects the evidence of one stack; a source that fails is named and spoils no other. */
import {
  BackupClient,
  ListBackupJobsCommand,
  ListRestoreJobsCommand,
  type BackupJob,
  type RestoreJobsListMember,
} from "@aws-sdk/client-backup";
import { CloudTrailClient, DescribeTrailsCommand, GetTrailStatusCommand } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  ConfigServiceClient,
  DescribeComplianceByConfigRuleCommand,
  DescribeConfigurationRecorderStatusCommand,
} from "@aws-sdk/client-config-service";
import {
  DescribeFlowLogsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetEbsEncryptionByDefaultCommand,
  paginateDescribeInstances,
  paginateDescribeVolumes,
} from "@aws-sdk/client-ec2";
import { GetDetectorCommand, GuardDutyClient, ListDetectorsCommand } from "@aws-sdk/client-guardduty";
import { paginateDescribeDBInstances, RDSClient } from "@aws-sdk/client-rds";
import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Collected, Evidence, Source } from "./evidence";

export interface Clients {
  readonly trail: CloudTrailClient;
  readonly config: ConfigServiceClient;
  readonly guardduty: GuardDutyClient;
  readonly backup: BackupClient;
  readonly rds: RDSClient;
  readonly ec2: EC2Client;
  readonly s3: S3Client;
  readonly logs: CloudWatchLogsClient;
}

export interface Scope {
  readonly project: string;
  readonly stack: string;
  /** Buckets of the stack with what each is for. */
  readonly buckets: Readonly<Record<string, string>>;
  readonly logGroups: readonly string[];
  readonly vault: string | undefined;
  /** Since when backups and restore tests count. */
  readonly since: Date;
}

const ofStack = ({ project, stack }: Scope) => [
  { Name: "tag:project", Values: [project] },
  { Name: "tag:stack", Values: [stack] },
];

/** An answer, or nothing where AWS says that the setting was never made. */
async function ifSet<T>(ask: Promise<T>, ...missing: string[]): Promise<T | undefined> {
  try {
    return await ask;
  } catch (error) {
    if (missing.includes((error as Error).name)) return undefined;
    throw error;
  }
}

async function trails({ trail }: Clients): Promise<Evidence["trails"]> {
  const { trailList = [] } = await trail.send(new DescribeTrailsCommand({ includeShadowTrails: false }));
  return Promise.all(
    trailList.map(async (one) => {
      const { IsLogging } = await trail.send(new GetTrailStatusCommand({ Name: one.TrailARN }));
      return {
        name: one.Name ?? "",
        multiRegion: one.IsMultiRegionTrail === true,
        logging: IsLogging === true,
        validated: one.LogFileValidationEnabled === true,
        encrypted: one.KmsKeyId !== undefined,
      };
    }),
  );
}

async function config({ config: client }: Clients): Promise<Evidence["config"]> {
  const { ConfigurationRecordersStatus = [] } = await client.send(new DescribeConfigurationRecorderStatusCommand({}));
  const brokenRules: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new DescribeComplianceByConfigRuleCommand({ ComplianceTypes: ["NON_COMPLIANT"], NextToken }),
    );
    for (const { ConfigRuleName } of page.ComplianceByConfigRules ?? []) brokenRules.push(ConfigRuleName ?? "");
    NextToken = page.NextToken;
  } while (NextToken);
  return {
    recording: ConfigurationRecordersStatus.some(({ recording }) => recording),
    brokenRules: brokenRules.sort(),
  };
}

async function detectors({ guardduty }: Clients): Promise<Evidence["detectors"]> {
  const { DetectorIds = [] } = await guardduty.send(new ListDetectorsCommand({}));
  return Promise.all(
    DetectorIds.map(async (id) => {
      const { Status } = await guardduty.send(new GetDetectorCommand({ DetectorId: id }));
      return { id, enabled: Status === "ENABLED" };
    }),
  );
}

async function backup({ backup: client }: Clients, scope: Scope): Promise<Evidence["backup"]> {
  const jobs: BackupJob[] = [];
  const restores: RestoreJobsListMember[] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(
      new ListBackupJobsCommand({ ByBackupVaultName: scope.vault, ByCreatedAfter: scope.since, NextToken }),
    );
    jobs.push(...(page.BackupJobs ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  do {
    const page = await client.send(new ListRestoreJobsCommand({ ByCreatedAfter: scope.since, NextToken }));
    restores.push(...(page.RestoreJobs ?? []));
    NextToken = page.NextToken;
  } while (NextToken);
  const tests = restores.filter(({ CreatedBy }) => CreatedBy?.RestoreTestingPlanArn !== undefined);
  return {
    completed: jobs.filter(({ State }) => State === "COMPLETED").length,
    failed: jobs
      .filter(({ State }) => State === "FAILED" || State === "ABORTED" || State === "EXPIRED")
      .map(({ BackupJobId = "", State = "", StatusMessage = "" }) => `${BackupJobId} ${State}: ${StatusMessage}`),
    restoreTestsPassed: tests.filter(({ ValidationStatus }) => ValidationStatus === "SUCCESSFUL").length,
    restoreTestsFailed: tests
      .filter(({ ValidationStatus, Status }) => ValidationStatus === "FAILED" || Status === "FAILED")
      .map(
        ({ RestoreJobId = "", ValidationStatusMessage, StatusMessage }) =>
          `${RestoreJobId}: ${ValidationStatusMessage ?? StatusMessage ?? "failed"}`,
      ),
  };
}

async function databases({ rds }: Clients, scope: Scope): Promise<Evidence["databases"]> {
  const found: Evidence["databases"][number][] = [];
  for await (const { DBInstances = [] } of paginateDescribeDBInstances({ client: rds }, {})) {
    for (const one of DBInstances) {
      const tags = Object.fromEntries((one.TagList ?? []).map(({ Key = "", Value = "" }) => [Key, Value] as const));
      if (tags.project !== scope.project || tags.stack !== scope.stack) continue;
      found.push({
        id: one.DBInstanceIdentifier ?? "",
        encrypted: one.StorageEncrypted === true,
        isPublic: one.PubliclyAccessible === true,
        backupDays: one.BackupRetentionPeriod ?? 0,
        isReplica: one.ReadReplicaSourceDBInstanceIdentifier !== undefined,
      });
    }
  }
  return found;
}

async function volumes({ ec2 }: Clients, scope: Scope): Promise<Evidence["volumes"]> {
  const found: Evidence["volumes"][number][] = [];
  for await (const { Volumes = [] } of paginateDescribeVolumes({ client: ec2 }, { Filters: ofStack(scope) }))
    for (const { VolumeId = "", Encrypted } of Volumes) found.push({ id: VolumeId, encrypted: Encrypted === true });
  return found;
}

async function instances({ ec2 }: Clients, scope: Scope): Promise<Evidence["instances"]> {
  const found: Evidence["instances"][number][] = [];
  const alive = { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] };
  for await (const { Reservations = [] } of paginateDescribeInstances(
    { client: ec2 },
    { Filters: [...ofStack(scope), alive] },
  ))
    for (const { InstanceId = "", PublicIpAddress, MetadataOptions } of Reservations.flatMap(
      (one) => one.Instances ?? [],
    ))
      found.push({ id: InstanceId, publicIp: PublicIpAddress, imdsV2: MetadataOptions?.HttpTokens === "required" });
  return found;
}

async function networks({ ec2 }: Clients, scope: Scope): Promise<Evidence["networks"]> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters: ofStack(scope) }));
  const { FlowLogs = [] } = await ec2.send(new DescribeFlowLogsCommand({}));
  const logged = new Set(FlowLogs.map(({ ResourceId }) => ResourceId));
  return Vpcs.map(({ VpcId = "" }) => ({ id: VpcId, hasFlowLog: logged.has(VpcId) }));
}

async function bucket({ s3 }: Clients, name: string, purpose: string): Promise<Evidence["buckets"][number]> {
  const Bucket = name;
  const [encryption, access, versioning, lock] = await Promise.all([
    ifSet(s3.send(new GetBucketEncryptionCommand({ Bucket })), "ServerSideEncryptionConfigurationNotFoundError"),
    ifSet(s3.send(new GetPublicAccessBlockCommand({ Bucket })), "NoSuchPublicAccessBlockConfiguration"),
    s3.send(new GetBucketVersioningCommand({ Bucket })),
    ifSet(s3.send(new GetObjectLockConfigurationCommand({ Bucket })), "ObjectLockConfigurationNotFoundError"),
  ]);
  const block = access?.PublicAccessBlockConfiguration;
  const retention = lock?.ObjectLockConfiguration?.Rule?.DefaultRetention;
  return {
    name,
    purpose,
    encrypted: (encryption?.ServerSideEncryptionConfiguration?.Rules ?? []).length > 0,
    closed: [
      block?.BlockPublicAcls,
      block?.BlockPublicPolicy,
      block?.IgnorePublicAcls,
      block?.RestrictPublicBuckets,
    ].every(Boolean),
    versioned: versioning.Status === "Enabled",
    ...(retention && {
      lock: { mode: retention.Mode ?? "", days: retention.Days ?? (retention.Years ?? 0) * 365 },
    }),
  };
}

async function logGroups({ logs }: Clients, scope: Scope): Promise<Evidence["logGroups"]> {
  return Promise.all(
    scope.logGroups.map(async (name) => {
      const page = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
      const group = (page.logGroups ?? []).find(({ logGroupName }) => logGroupName === name);
      if (!group) throw new Error(`there is no log group ${name}`);
      return { name, retentionDays: group.retentionInDays };
    }),
  );
}

/** Asks every source at once. */
export async function collect(clients: Clients, scope: Scope): Promise<Collected> {
  const asked: { [S in Source]: Promise<Evidence[S]> } = {
    trails: trails(clients),
    config: config(clients),
    detectors: detectors(clients),
    backup: backup(clients, scope),
    databases: databases(clients, scope),
    volumes: volumes(clients, scope),
    encryptionByDefault: clients.ec2
      .send(new GetEbsEncryptionByDefaultCommand({}))
      .then(({ EbsEncryptionByDefault }) => EbsEncryptionByDefault === true),
    instances: instances(clients, scope),
    networks: networks(clients, scope),
    buckets: Promise.all(Object.entries(scope.buckets).map(([name, purpose]) => bucket(clients, name, purpose))),
    logGroups: logGroups(clients, scope),
  };
  const evidence: Partial<Record<Source, unknown>> = {};
  const unavailable: Partial<Record<Source, string>> = {};
  const entries = Object.entries(asked) as [Source, Promise<unknown>][];
  for (const [index, result] of (await Promise.allSettled(entries.map(([, promise]) => promise))).entries()) {
    const source = entries[index]?.[0];
    if (source === undefined) continue;
    if (result.status === "fulfilled") evidence[source] = result.value;
    else unavailable[source] = `it could not be asked: ${(result.reason as Error).message}`;
  }
  return { evidence: evidence as Partial<Evidence>, unavailable };
}
