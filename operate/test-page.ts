/**
 * `npm run test-page -- <stack>`: sets a test alarm off and ends it again, so that CloudWatch, key, topic, e-mail and PagerDuty
 * are all asked in earnest.
 */
import { parseArgs } from "node:util";
import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { severities, type Severity } from "../components/operations/alarm-topics";
import { testAlarmName } from "../components/operations/monitoring";

const project = "trading-platform";

const usage = `Usage: npm run test-page -- <stack> [--severity ${severities.join("|")}] [--region REGION]

Sets the stack's test alarm of a severity off (critical by default) and ends it after a minute, as an incident would end.
Needs credentials that may call cloudwatch:DescribeAlarms and cloudwatch:SetAlarmState.`;

/** Something that the user can mend; told by its message alone. */
class TestPageError extends Error {
  constructor(
    message: string,
    readonly status: 1 | 2,
  ) {
    super(message);
  }
}

interface Request {
  readonly stack: string;
  readonly severity: Severity;
}

/** Milliseconds between the page and its end: long enough for people and PagerDuty to see both. */
const minute = 60_000;

/** Sends one page and its end; returns what was told whom. */
export async function sendTestPage(
  { stack, severity }: Request,
  client: CloudWatchClient,
  wait: (milliseconds: number) => Promise<void>,
): Promise<string[]> {
  const AlarmName = testAlarmName(project, stack, severity);
  const { MetricAlarms } = await client.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }));
  const alarm = MetricAlarms?.[0];
  if (!alarm) {
    throw new TestPageError(
      `There is no alarm ${AlarmName} here.\n  fix: deploy the stack with the monitoring section, or give --region or AWS_PROFILE of the account that it is in.`,
      1,
    );
  }
  const topics = alarm.AlarmActions ?? [];
  const set = (StateValue: "ALARM" | "OK", StateReason: string) =>
    client.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason }));
  await set("ALARM", `Test page of severity ${severity}, sent by hand`);
  try {
    await wait(minute);
  } finally {
    await set("OK", "End of the test page");
  }
  return topics;
}

function requestOf(argv: readonly string[]): (Request & { region?: string }) | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        severity: { type: "string", default: "critical" },
        region: { type: "string" },
        help: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new TestPageError(`${(error as Error).message}\n\n${usage}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [stack] = positionals;
  if (stack === undefined || positionals.length > 1) throw new TestPageError(usage, 2);
  const severity = severities.find((one) => one === values.severity);
  if (!severity)
    throw new TestPageError(`--severity ${values.severity}: is none of ${severities.join(", ")}\n\n${usage}`, 2);
  return { stack, severity, region: values.region };
}

/** Runs the command, and gives the exit status: 1 where no page was sent, 2 for bad usage. */
export async function main(
  argv: readonly string[],
  make = (region: string | undefined) => new CloudWatchClient({ region }),
  wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
): Promise<number> {
  try {
    const request = requestOf(argv);
    if (!request) {
      console.log(usage);
      return 0;
    }
    console.error(`sending a page of severity ${request.severity}; its end follows in a minute`);
    const topics = await sendTestPage(request, make(request.region), wait);
    console.log(`paged and ended, by way of ${topics.join(", ")}: ask whoever should have heard`);
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return error instanceof TestPageError ? error.status : 1;
  }
}

if (require.main === module) void main(process.argv.slice(2)).then((status) => process.exit(status));
