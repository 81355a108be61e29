import assert from "node:assert/strict";
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { testAlarmName } from "../../components/operations/monitoring";
import { main, sendTestPage } from "../../operate/test-page";
import { startEmulator, type Emulator } from "../../sandbox/emulator";

describe("npm run test-page", () => {
  let emulator: Emulator;
  let client: CloudWatchClient;
  const AlarmName = testAlarmName("trading-platform", "prod", "critical");
  const state = async () =>
    (await client.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }))).MetricAlarms?.[0];

  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    client = new CloudWatchClient({
      endpoint: emulator.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    await client.send(
      new PutMetricAlarmCommand({
        AlarmName,
        Namespace: "Trading/TestPage",
        MetricName: "Never",
        Statistic: "Sum",
        ComparisonOperator: "GreaterThanThreshold",
        Threshold: 0,
        Period: 60,
        EvaluationPeriods: 1,
        AlarmActions: ["arn:aws:sns:us-east-1:123456789012:critical"],
      }),
    );
  });
  after(() => emulator.stop());

  it("sets the alarm off, and ends it after a minute", async () => {
    const seen: string[] = [];
    const waited: number[] = [];
    const topics = await sendTestPage({ stack: "prod", severity: "critical" }, client, async (milliseconds) => {
      waited.push(milliseconds);
      seen.push(`${(await state())?.StateValue ?? ""}: ${(await state())?.StateReason ?? ""}`);
    });
    assert.deepEqual(topics, ["arn:aws:sns:us-east-1:123456789012:critical"]);
    assert.deepEqual(seen, ["ALARM: Test page of severity critical, sent by hand"]);
    assert.deepEqual(waited, [60_000]);
    assert.equal((await state())?.StateValue, "OK");
  });

  it("ends it even where the wait is broken off", async () => {
    const interrupted = () => Promise.reject(new Error("interrupted"));
    await assert.rejects(sendTestPage({ stack: "prod", severity: "critical" }, client, interrupted), /interrupted/);
    assert.equal((await state())?.StateValue, "OK");
  });

  async function run(...argv: string[]) {
    const said: string[] = [];
    const { error, log } = console;
    console.error = console.log = (line: string) => void said.push(line);
    try {
      const status = await main(
        argv,
        () => client,
        () => Promise.resolve(),
      );
      return { status, text: said.join("\n") };
    } finally {
      Object.assign(console, { error, log });
    }
  }

  it("says who should have heard", async () => {
    const { status, text } = await run("prod");
    assert.equal(status, 0);
    assert.match(text, /paged and ended, by way of arn:aws:sns:us-east-1:123456789012:critical/);
  });

  it("ends with status 1 where the stack has no such alarm, and says what to do", async () => {
    const { status, text } = await run("qa", "--severity", "warning");
    assert.equal(status, 1);
    assert.match(text, /There is no alarm trading-platform-qa-test-page-warning here\.\n\s+fix: deploy the stack/);
  });

  it("refuses bad usage with status 2, and helps", async () => {
    for (const argv of [[], ["a", "b"], ["prod", "--severity", "loud"], ["prod", "--volume"]])
      assert.equal((await run(...argv)).status, 2, argv.join(" "));
    assert.match((await run("prod", "--severity", "loud")).text, /--severity loud: is none of critical, warning, info/);
    const help = await run("--help");
    assert.deepEqual([help.status, help.text.startsWith("Usage: npm run test-page")], [0, true]);
  });
});
