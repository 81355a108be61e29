/**
 * Proves that a restored copy is worth something. AWS Backup's restore testing makes copies on a schedule; for each that is
 * ready this function compares it with its source, measures how long the recovery took, and tells AWS Backup the result.
 */
import { randomBytes } from "node:crypto";
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import {
  BackupClient,
  DescribeRestoreJobCommand,
  PutRestoreValidationResultCommand,
  type DescribeRestoreJobOutput,
} from "@aws-sdk/client-backup";
import { DescribeVolumesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeDBInstancesCommand, ModifyDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Client as PostgresClient } from "pg";
import { clientSettings, jsonVariable, lazily, variable } from "../common/environment";
import { sleep, until } from "../common/rotation";
import { passwordTaken } from "../rotate-database-password/core";
import {
  comparedWindow,
  compareFacts,
  compareVolumes,
  factsQuery,
  idOf,
  tablesQuery,
  type DatabaseFacts,
  type Query,
  type TableCheck,
  type VolumeFacts,
} from "./core";

export interface RestoreEvent {
  readonly detail: { readonly restoreJobId: string };
}

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Runs queries over one connection, which ends with the work. */
export type Connect = <T>(
  login: Login,
  work: (ask: (query: Query) => Promise<Record<string, string>[]>) => Promise<T>,
) => Promise<T>;

export interface Dependencies {
  readonly backup: BackupClient;
  readonly rds: RDSClient;
  readonly ec2: EC2Client;
  readonly secrets: SecretsManagerClient;
  readonly connect: Connect;
  readonly now: () => Date;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** A connection over TLS whose certificate is checked against the runtime's authorities, Amazon's among them. */
export const connectOverTls = (ssl: boolean): Connect => {
  return async (login, work) => {
    const client = new PostgresClient({ ...login, ssl: ssl ? { rejectUnauthorized: true } : false });
    await client.connect();
    try {
      return await work(async ({ text, values }) => (await client.query(text, [...values])).rows as never);
    } finally {
      await client.end();
    }
  };
};

/** Tables of a database, and rows and checksum of those that are checked. */
export function readFacts(
  connect: Connect,
  login: Login,
  checks: readonly TableCheck[],
  copiedAt: Date,
  hours: number,
) {
  return connect(login, async (ask): Promise<DatabaseFacts> => {
    const tables = (await ask(tablesQuery)).map(({ name }) => String(name));
    const checked: Record<string, { rows: string; checksum: string }> = {};
    for (const check of checks) {
      if (!tables.includes(check.table.includes(".") ? check.table : `public.${check.table}`)) continue;
      const [facts] = await ask(factsQuery(check, comparedWindow(copiedAt, hours)));
      if (facts) checked[check.table] = { rows: String(facts.rows), checksum: String(facts.checksum) };
    }
    return { tables, checked };
  });
}

async function checkDatabase(at: Dependencies, copyArn: string, sourceArn: string, copiedAt: Date): Promise<string[]> {
  const describe = async (identifier: string) =>
    (await at.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }))).DBInstances?.[0];
  const identifier = idOf(copyArn);
  const password = randomBytes(24).toString("hex");
  // The copy has the password of the day it was made; a new one spares us all of the old.
  await at.rds.send(
    new ModifyDBInstanceCommand({
      DBInstanceIdentifier: identifier,
      MasterUserPassword: password,
      ApplyImmediately: true,
    }),
  );
  await at.wait(15_000); // the status follows a change with a delay
  const taken = async () => passwordTaken(await describe(identifier));
  await until(
    `the copy ${identifier} has not taken its password`,
    taken,
    at.wait,
    40,
    "the next restore test tries again",
  );
  const loginTo = async (id: string, secret: string): Promise<Login> => {
    const { Endpoint, MasterUsername, DBName } = (await describe(id)) ?? {};
    if (!Endpoint?.Address) throw new Error(`the database ${id} has no endpoint`);
    return {
      host: Endpoint.Address,
      port: Endpoint.Port ?? 5432,
      user: MasterUsername ?? "",
      password: secret,
      database: DBName ?? "postgres",
    };
  };
  const { SecretString } = await at.secrets.send(new GetSecretValueCommand({ SecretId: variable("SOURCE_SECRET") }));
  const sourcePassword = (JSON.parse(SecretString ?? "{}") as { password?: string }).password ?? "";
  const checks = jsonVariable<TableCheck[]>("CHECKS");
  const hours = Number(variable("WINDOW_HOURS"));
  const read = (login: Login) => readFacts(at.connect, login, checks, copiedAt, hours);
  const copy = await read(await loginTo(identifier, password));
  const source = await read(await loginTo(idOf(sourceArn), sourcePassword));
  return compareFacts(checks, source, copy);
}

async function checkVolume(at: Dependencies, copyArn: string, sourceArn: string): Promise<string[]> {
  const facts = async (arn: string): Promise<VolumeFacts | undefined> => {
    const filter = { Name: "volume-id", Values: [idOf(arn)] };
    const { Volumes } = await at.ec2.send(new DescribeVolumesCommand({ Filters: [filter] }));
    const volume = Volumes?.[0];
    return volume && { sizeGiB: volume.Size ?? 0, encrypted: volume.Encrypted === true, state: volume.State ?? "" };
  };
  return compareVolumes(await facts(sourceArn), await facts(copyArn));
}

async function problemsOf(at: Dependencies, job: DescribeRestoreJobOutput): Promise<string[]> {
  if (job.Status !== "COMPLETED")
    return [`the restore ended as ${job.Status}: ${job.StatusMessage ?? "no reason given"}`];
  const { CreatedResourceArn = "", SourceResourceArn: source = "", ResourceType } = job;
  const copiedAt = job.RecoveryPointCreationDate ?? at.now();
  if (ResourceType === "RDS") return checkDatabase(at, CreatedResourceArn, source, copiedAt);
  if (ResourceType === "EBS") return checkVolume(at, CreatedResourceArn, source);
  return [`nothing is known of how to check ${ResourceType ?? "this kind of resource"}`];
}

/** Longest message that AWS Backup keeps. */
const messageLimit = 1000;

/** Checks one restored copy. A copy that somebody else restored is left alone. */
export function makeHandler(at: Dependencies) {
  const logger = new Logger();
  const metrics = new Metrics();
  return async ({ detail }: RestoreEvent) => {
    const job = await at.backup.send(new DescribeRestoreJobCommand({ RestoreJobId: detail.restoreJobId }));
    if (job.CreatedBy?.RestoreTestingPlanArn !== variable("PLAN_ARN")) return { checked: false, problems: [] };
    let problems: string[];
    try {
      problems = await problemsOf(at, job);
    } catch (error) {
      problems = [`the check failed: ${(error as Error).message}`];
    }
    const seconds = (at.now().getTime() - (job.CreationDate ?? at.now()).getTime()) / 1000;
    metrics.addDimensions({ Stack: variable("STACK"), Component: "database" });
    metrics.addMetric("RestoreTestFailed", MetricUnit.Count, problems.length > 0 ? 1 : 0);
    if (problems.length === 0) metrics.addMetric("RecoveryTimeSeconds", MetricUnit.Seconds, seconds);
    metrics.publishStoredMetrics();
    const message =
      problems.length > 0 ? problems.join("; ") : `as its source, ${Math.round(seconds)} s after the start`;
    logger[problems.length > 0 ? "error" : "info"](message, { job: detail.restoreJobId });
    if (job.Status === "COMPLETED")
      await at.backup.send(
        new PutRestoreValidationResultCommand({
          RestoreJobId: detail.restoreJobId,
          ValidationStatus: problems.length > 0 ? "FAILED" : "SUCCESSFUL",
          ValidationStatusMessage: message.slice(0, messageLimit),
        }),
      );
    return { checked: true, problems, seconds };
  };
}

export const handler = lazily<RestoreEvent, unknown>(() =>
  makeHandler({
    backup: new BackupClient(clientSettings),
    rds: new RDSClient(clientSettings),
    ec2: new EC2Client(clientSettings),
    secrets: new SecretsManagerClient(clientSettings),
    connect: connectOverTls(true),
    now: () => new Date(),
    wait: sleep,
  }),
);
