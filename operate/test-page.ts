/**
 * `npm run test-page -- <stack>`: sets a test alarm off and ends it again, so that CloudWatch, key, topic, e-mail and PagerDuty
 * are all asked in earnest.
 */
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  SetAlarmStateCommand,
  type MetricAlarm,
} from "@aws-sdk/client-cloudwatch";
import { Command, Option } from "commander";
import { severities, type Severity } from "../components/operations/alarm-topics";
import { testAlarmName } from "../components/operations/monitoring";
import { openStack } from "../delivery/common/stack-settings";
import { runCommand, start } from "../plan/command-line";
import { describeAwsError, EvaluationError, exitStatus } from "../plan/failure";

/** How AWS is reached. */
interface Access {
  readonly region: string;
  readonly profile?: string;
}

interface Options {
  readonly severity: Severity;
  readonly region?: string;
}

const help = `
Needs credentials that may call cloudwatch:DescribeAlarms and cloudwatch:SetAlarmState. Region and profile are those of the
stack's file.

Examples:
  npm run test-page -- prod                        a critical page, as in an incident
  npm run test-page -- qa --severity warning

Exit status:
  0  a page was sent, and ended
  1  the stack has no test alarm: nothing was sent
  2  bad usage or configuration
  3  AWS refused or did not answer
`;

function command(): Command {
  return new Command("test-page")
    .usage("<stack> [options]")
    .description("Sets the stack's test alarm of a severity off and ends it after a minute, as an incident would end.")
    .argument("<stack>", "name of a stack: finds Pulumi.<stack>.yaml")
    .addOption(new Option("--severity <severity>", "who is to hear it").choices(severities).default("critical"))
    .option("--region <region>", "another Region than the stack's")
    .addHelpText("after", help);
}

/** Milliseconds between the page and its end: long enough for people and PagerDuty to see both. */
const minute = 60_000;

/** The alarm of that name; undefined where there is none. */
async function findAlarm(AlarmName: string, client: CloudWatchClient): Promise<MetricAlarm | undefined> {
  return (await client.send(new DescribeAlarmsCommand({ AlarmNames: [AlarmName] }))).MetricAlarms?.[0];
}

/** Sends one page and its end. */
export async function sendTestPage(
  { AlarmName }: Pick<MetricAlarm, "AlarmName">,
  severity: Severity,
  client: CloudWatchClient,
  wait: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const set = (StateValue: "ALARM" | "OK", StateReason: string) =>
    client.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason }));
  await set("ALARM", `Test page of severity ${severity}, sent by hand`);
  try {
    await wait(minute);
  } finally {
    await set("OK", "End of the test page");
  }
}

/** Runs the command, and gives the exit status. */
export function main(
  argv: readonly string[],
  make = (access: Access) => new CloudWatchClient(access),
  wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)),
): Promise<number> {
  const program = command();
  return runCommand(program, argv, async () => {
    const { severity, region } = program.opts<Options>();
    const { settings, profile } = openStack({ stack: program.args[0] });
    const access = { region: region ?? settings.region, ...(profile ? { profile } : {}) };
    const name = testAlarmName(settings.project, settings.stack, severity);
    const client = make(access);
    try {
      const alarm = await findAlarm(name, client);
      if (!alarm) {
        console.error(
          `There is no alarm ${name} in ${access.region}.\n  fix: deploy the stack with the monitoring section, or give --region or AWS_PROFILE of the account that it is in.`,
        );
        return exitStatus.refused;
      }
      console.error(`sending a page of severity ${severity}; its end follows in a minute`);
      await sendTestPage(alarm, severity, client, wait);
      console.log(`paged and ended, by way of ${alarm.AlarmActions?.join(", ") ?? ""}: ask whoever should have heard`);
      return exitStatus.fine;
    } catch (error) {
      throw new EvaluationError(`AWS could not be asked: ${describeAwsError(error, profile)}`);
    }
  });
}

if (require.main === module) start(main);
