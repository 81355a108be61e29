import assert from "node:assert/strict";
import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from "@aws-sdk/client-cloudwatch";
import { testAlarmName } from "../../components/operations/monitoring";
import { main, sendTestPage } from "../../operate/test-page";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { assertTold, captured } from "../support/command";

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
    await sendTestPage({ AlarmName }, "critical", client, async (milliseconds) => {
      waited.push(milliseconds);
      seen.push(`${(await state())?.StateValue ?? ""}: ${(await state())?.StateReason ?? ""}`);
    });
    assert.deepEqual(seen, ["ALARM: Test page of severity critical, sent by hand"]);
    assert.deepEqual(waited, [60_000]);
    assert.equal((await state())?.StateValue, "OK");
  });

  it("ends it even where the wait is broken off", async () => {
    const interrupted = () => Promise.reject(new Error("interrupted"));
    await assert.rejects(sendTestPage({ AlarmName }, "critical", client, interrupted), /interrupted/);
    assert.equal((await state())?.StateValue, "OK");
  });

  async function run(argv: readonly string[], make: Parameters<typeof main>[1] = () => client) {
    const { status, stdout, stderr } = await captured((args) => main(args, make, () => Promise.resolve()), ...argv);
    return { status, stderr, text: `${stdout}${stderr}` };
  }

  it("says who should have heard", async () => {
    const { status, text } = await run(["prod"]);
    assert.equal(status, 0);
    assert.match(text, /paged and ended, by way of arn:aws:sns:us-east-1:123456789012:critical/);
  });

  it("ends with status 1 where the stack has no such alarm, and says what to do", async () => {
    const { status, text } = await run(["qa", "--severity", "warning"]);
    assert.equal(status, 1);
    assert.match(
      text,
      /^There is no alarm trading-platform-qa-test-page-warning in us-east-1\.\n\s+fix: deploy the stack/,
      "nothing is said to be sent",
    );
  });

  it("takes Region and profile from the stack's file, and says who gave no credentials, with status 3", async () => {
    const asked: unknown[] = [];
    const credentials = () => Promise.reject(Object.assign(new Error("none"), { name: "CredentialsProviderError" }));
    const told = await run(["qa"], (access) => {
      asked.push(access);
      return new CloudWatchClient({ ...access, credentials });
    });
    assertTold(told, 3, /^AWS could not be asked: there are no AWS credentials: log in \(aws sso login\)/);
    assert.ok(!told.text.includes("sending"), "nothing was sent");
    await run(["qa", "--region", "us-west-2"], (access) => {
      asked.push(access);
      return client;
    });
    assert.deepEqual(asked, [{ region: "us-east-1" }, { region: "us-west-2" }]);
  });

  it("refuses bad usage with status 2, and helps", async () => {
    for (const [argv, message] of [
      [[], /missing required argument 'stack'\nMore: npm run test-page -- --help/],
      [["prod", "qa"], /too many arguments/],
      [["prod", "--severity", "loud"], /'loud' is invalid\. Allowed choices are critical, warning, info\./],
      [["prod", "--sverity", "info"], /unknown option '--sverity'/],
      [["devv"], /There is no stack devv: .* Did you mean dev\? The stacks there are: dev, /],
      [[""], /is not a stack's name/],
    ] as [string[], RegExp][]) {
      assertTold(await run(argv), 2, message, argv.join(" "));
    }
    const help = await run(["--help"]);
    assert.equal(help.status, 0);
    for (const part of ["Usage: test-page <stack>", "Examples:", "Exit status:"]) assert.ok(help.text.includes(part));
  });
});
