import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { encodeUserData, userDataLimitBytes } from "../../components/common/user-data";
import { ValidationError } from "../../components/common/validation";
import {
  ingestBootScript,
  ingestEndpoint,
  MarketDataIngest,
  type MarketDataIngestArgs,
} from "../../components/trading/market-data-ingest";
import { hostAddress } from "../../components/trading/market-data-ingest/check";
import { makeHandler as makeClock } from "../../lambdas/market-clock/handler";
import { readSettings } from "../../services/ingest/src/config";
import { register, testCloud } from "../support/program";

const args = (more: Partial<MarketDataIngestArgs> = {}): MarketDataIngestArgs => ({
  cloud: testCloud,
  project: "trading-platform",
  stack: "qa",
  stage: "qa",
  vpcId: "vpc-1",
  subnet: { id: "subnet-1a", cidr: "10.0.1.0/24" },
  instanceType: "t3.small",
  image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/ingest:1.0.0",
  feed: "iex",
  symbols: ["AAPL", "BRK.B"],
  port: 8765,
  exchange: "NYSE",
  overrides: [],
  staleSeconds: 120,
  bucketArn: "arn:aws:s3:::ticks",
  bucketKeyArn: "arn:aws:kms:us-east-1:123456789012:key/ticks",
  readers: { fleet: "sg-fleet" },
  logRetentionDays: 90,
  alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:alarms",
  ...more,
});
const build = (more: Partial<MarketDataIngestArgs> = {}) =>
  register(() => {
    new MarketDataIngest("ingest", args(more));
  });
const names = { secretPrefix: "trading-platform/qa/ingest", logGroupName: "/x", stream: "ticks" };

describe("MarketDataIngest", () => {
  it("is one host at an address that its successor takes over", async () => {
    const { inputs } = (await build()).one("aws:ec2/launchTemplate:LaunchTemplate");
    const [port] = inputs.networkInterfaces as { privateIpAddress: string; associatePublicIpAddress: string }[];
    assert.deepEqual([port?.privateIpAddress, port?.associatePublicIpAddress], ["10.0.1.10", "false"]);
    assert.equal(ingestEndpoint("10.0.1.0/24", 8765), "ws://10.0.1.10:8765");
  });

  it("is read by the named groups only, with a rule on either side", async () => {
    const made = await build();
    const ingress = made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.deepEqual([ingress.inputs.referencedSecurityGroupId, ingress.inputs.fromPort], ["sg-fleet", 8765]);
    const egress = made.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "to-fleet");
    assert.equal(egress.inputs.securityGroupId, "sg-fleet");
  });

  it("delivers raw ticks encrypted and compressed, by the hour, failures apart", async () => {
    const { inputs } = (await build()).one("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream");
    const s3 = inputs.extendedS3Configuration as Record<string, unknown>;
    assert.equal(s3.prefix, "raw/ticks/!{timestamp:yyyy/MM/dd/HH}/");
    assert.equal(s3.compressionFormat, "GZIP");
    assert.equal(s3.kmsKeyArn, "arn:aws:kms:us-east-1:123456789012:key/ticks");
    assert.match(String(s3.errorOutputPrefix), /^raw\/failed\//);
    assert.equal((inputs.serverSideEncryption as { keyType: string }).keyType, "CUSTOMER_MANAGED_CMK");
  });

  it("pages for old ticks only while the market is open, and when nobody reports", async () => {
    const { inputs } = (await build()).one("aws:cloudwatch/metricAlarm:MetricAlarm", "-stale");
    const queries = inputs.metricQueries as { id: string; expression?: string; returnData?: boolean }[];
    assert.deepEqual(
      queries.map(({ id }) => id),
      ["stale", "open", "age"],
    );
    assert.equal(queries[0]?.expression, "IF(FILL(open, 0) > 0, FILL(age, 86400), 0)");
    assert.equal(inputs.threshold, 120);
    assert.equal(inputs.treatMissingData, "breaching");
  });

  it("pages for ticks that were given up", async () => {
    const { inputs } = (await build()).one("aws:cloudwatch/metricAlarm:MetricAlarm", "ingest-lost");
    assert.deepEqual(
      [inputs.namespace, inputs.metricName, inputs.threshold, inputs.statistic],
      ["TradingPlatform/Ingest", "TicksLost", 0, "Sum"],
    );
    assert.deepEqual(inputs.dimensions, { stack: "qa" });
    assert.deepEqual(inputs.alarmActions, ["arn:aws:sns:us-east-1:123456789012:alarms"]);
    assert.match(String(inputs.alarmDescription), /First: the server's log/);
  });

  it("tells market hours every minute", async () => {
    const made = await build();
    const { inputs, propertyDependencies } = made.one("aws:scheduler/schedule:Schedule");
    assert.equal(inputs.scheduleExpression, "rate(1 minute)");
    assert.deepEqual(propertyDependencies.kmsKeyArn, [made.one("aws:kms/key:Key").urn], "under the ingest's own key");
    Object.assign(process.env, {
      STACK: "qa",
      CALENDAR: JSON.stringify({ exchange: "NYSE", overrides: [] }),
      POWERTOOLS_METRICS_DISABLED: "true",
      POWERTOOLS_METRICS_NAMESPACE: "TradingPlatform/Ingest",
    });
    const open = async (at: string) => (await makeClock(() => new Date(at))()).open;
    assert.deepEqual(
      await Promise.all(
        ["2026-11-20T15:00:00Z", "2026-11-20T22:00:00Z", "2026-11-26T15:00:00Z", "2026-11-27T18:30:00Z"].map(open),
      ),
      [true, false, false, false],
      "a session, its evening, Thanksgiving, and after the half day's closing",
    );
  });

  const refused: readonly (readonly [string, Partial<MarketDataIngestArgs>, RegExp])[] = [
    ["an image without a release", { image: "ingest" }, /image: is not pinned/],
    ["no symbols", { symbols: [] }, /symbols: is empty/],
    ["a symbol that is none", { symbols: ["AAPL; reboot"] }, /symbols\[0\]: is no symbol/],
    ["a privileged port", { port: 80 }, /port: is out of range/],
    ["a threshold below a minute", { staleSeconds: 30 }, /staleSeconds: is shorter than the metrics' minute/],
    ["an override that is no date", { overrides: [{ date: "x", close: "closed" }] }, /overrides\[0\]: date is not/],
  ];
  for (const [what, more, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(build(more), (error) => error instanceof ValidationError && message.test(error.message));
    });
  }

  it("boots by a script without faults that fits into user data", () => {
    const script = ingestBootScript(args(), names);
    execFileSync("shellcheck", ["-"], { input: script });
    assert.ok(Buffer.from(encodeUserData("test", script), "base64").length < userDataLimitBytes / 2);
    assert.match(script, /INGEST_SECRET_ID='trading-platform\/qa\/ingest\/alpaca'/);
  });

  it("gives the server an environment that it accepts, word for word", () => {
    const overrides = [{ date: "2026-12-24", close: "12:00" }];
    const script = ingestBootScript(args({ exchange: "CME Globex", overrides, symbols: ["*"] }), names);
    const assignments = script.split("\n").filter((line) => /^INGEST_[A-Z_]+='/.test(line));
    const files = [...script.matchAll(/^cat >\/etc\/ingest\/settings\.env (<<ENV\n[\s\S]*?\nENV)$/gm)];
    assert.equal(files.length, 1);
    const text = execFileSync("bash", ["-c", `${assignments.join("\n")}\ncat ${files[0]![1]!}`], { encoding: "utf8" });
    const given = Object.fromEntries(
      text
        .trimEnd()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const settings = readSettings({ ...given, ALPACA_KEY_ID: "key", ALPACA_SECRET_KEY: "secret" });
    assert.deepEqual(settings.INGEST_CALENDAR, { exchange: "CME Globex", overrides });
    assert.deepEqual(settings.INGEST_SYMBOLS, ["*"]);
    assert.deepEqual(
      [
        settings.INGEST_FEED,
        settings.INGEST_PORT,
        settings.INGEST_DELIVERY_STREAM,
        settings.INGEST_STACK,
        settings.AWS_DEFAULT_REGION,
      ],
      ["iex", 8765, "ticks", "qa", "us-east-1"],
    );
    assert.equal(settings.INGEST_NAMESPACE, "TradingPlatform/Ingest", "the namespace that alarms look at");
    assert.match(script, /--env-file \/etc\/ingest\/settings\.env/);
    assert.match(script, /ALPACA_KEY_ID=.*ALPACA_SECRET_KEY=/, "the two others, from the secret");
  });

  it("counts addresses inside any block", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 300 }), fc.integer({ min: 0, max: 255 }), (base, number) => {
        const text = (value: number) => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
        assert.equal(hostAddress(`${text(base)}/24`, number), text(base + number));
      }),
    );
  });
});
