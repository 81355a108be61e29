/** Collects a stack's evidence, judges it by named controls, and files the report where nobody can change it. */
import { createHash } from "node:crypto";
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { BackupClient } from "@aws-sdk/client-backup";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ConfigServiceClient } from "@aws-sdk/client-config-service";
import { EC2Client } from "@aws-sdk/client-ec2";
import { GuardDutyClient } from "@aws-sdk/client-guardduty";
import { RDSClient } from "@aws-sdk/client-rds";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { clientSettings, jsonVariable, lazily, variable } from "../common/environment";
import { collect, type Clients } from "./collect";
import { judgeAll, type ControlSettings } from "./controls";
import { renderHtml, sentence, summarize, type Report } from "./render";

export interface Dependencies extends Clients {
  readonly sns: SNSClient;
  readonly now: () => Date;
}

/** Files one report; the retention is the bucket's. Returns where it lies and what it says. */
export function makeHandler(at: Dependencies) {
  const logger = new Logger();
  const metrics = new Metrics({ defaultDimensions: { stack: variable("STACK") } });
  return async () => {
    const now = at.now();
    const [project, stack, bucket] = [variable("PROJECT"), variable("STACK"), variable("BUCKET")];
    const periodDays = Number(variable("PERIOD_DAYS"));
    const collected = await collect(at, {
      project,
      stack,
      buckets: jsonVariable<Record<string, string>>("BUCKETS"),
      logGroups: jsonVariable<string[]>("LOG_GROUPS"),
      vault: process.env.VAULT,
      since: new Date(now.getTime() - periodDays * 86_400_000),
    });
    const verdicts = judgeAll(collected, jsonVariable<ControlSettings>("CONTROLS"));
    const report: Report = {
      schemaVersion: 1,
      project,
      stack,
      accountId: variable("ACCOUNT_ID"),
      region: variable("AWS_REGION"),
      at: now.toISOString(),
      periodDays,
      summary: summarize(verdicts),
      verdicts,
      evidence: collected,
    };
    const json = JSON.stringify(report, null, 2);
    const sha256 = createHash("sha256").update(json).digest("hex");
    const key = `reports/${report.at.slice(0, 10).replaceAll("-", "/")}/${report.at.slice(11, 19).replaceAll(":", "")}`;
    const put = (ending: string, Body: string, ContentType: string) =>
      at.s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: `${key}.${ending}`,
          Body,
          ContentType,
          ChecksumAlgorithm: "SHA256",
        }),
      );
    await put("json", json, "application/json");
    await put("html", renderHtml(report, sha256), "text/html; charset=utf-8");
    const broken = report.summary["not met"] + report.summary.unknown;
    metrics.addMetric("ControlsNotMet", MetricUnit.Count, broken);
    metrics.publishStoredMetrics();
    const text = sentence(report);
    logger[broken > 0 ? "warn" : "info"](text, { key });
    await at.sns.send(
      new PublishCommand({
        TopicArn: variable("TOPIC_ARN"),
        Subject: `Compliance report of ${stack}`.slice(0, 100),
        Message: `${text}\n\ns3://${bucket}/${key}.html\ns3://${bucket}/${key}.json (SHA-256 ${sha256})`,
      }),
    );
    return { key, summary: report.summary, sha256 };
  };
}

export const handler = lazily<unknown, unknown>(() =>
  makeHandler({
    trail: new CloudTrailClient(clientSettings),
    config: new ConfigServiceClient(clientSettings),
    guardduty: new GuardDutyClient(clientSettings),
    backup: new BackupClient(clientSettings),
    rds: new RDSClient(clientSettings),
    ec2: new EC2Client(clientSettings),
    s3: new S3Client(clientSettings),
    logs: new CloudWatchLogsClient(clientSettings),
    sns: new SNSClient(clientSettings),
    now: () => new Date(),
  }),
);
