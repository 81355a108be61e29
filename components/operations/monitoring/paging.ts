import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { isPagedTogether, type PagingSettings, type PlannedAlarm, type Topics } from "../alarm-plan";

/** Alarms of a component that one composite names: CloudWatch takes 100, the market's among them. */
const childLimit = 99;

/** A rule that holds where any of the alarms is on. */
export function anyOf(names: readonly string[]): string {
  return names.map((name) => `ALARM("${name}")`).join(" OR ");
}

/** The rule of a composite, within or outside of market hours where it minds them. */
export function pageRule(
  names: readonly string[],
  marketOpen?: { readonly name: string; readonly open: boolean },
): string {
  if (!marketOpen) return anyOf(names);
  const market = `ALARM("${marketOpen.name}")`;
  return `(${anyOf(names)}) AND ${marketOpen.open ? market : `NOT ${market}`}`;
}

interface Paging {
  readonly topics: Topics;
  readonly paging: PagingSettings;
  /** Alarm that is on while the market is open. */
  readonly marketOpen?: aws.cloudwatch.MetricAlarm;
}

function composite(
  name: string,
  at: {
    readonly description: string;
    readonly alarms: readonly PlannedAlarm[];
    readonly topic: pulumi.Output<string>;
    readonly market?: { readonly alarm: aws.cloudwatch.MetricAlarm; readonly open: boolean };
  },
  parent: pulumi.Resource,
): void {
  const names = pulumi.all(at.alarms.map(({ alarm }) => alarm.name));
  new aws.cloudwatch.CompositeAlarm(
    name,
    {
      alarmName: `${pulumi.getProject()}-${pulumi.getStack()}-${name}`,
      alarmDescription: at.description,
      alarmRule: pulumi
        .all([names, at.market?.alarm.name])
        .apply(([all, market]) =>
          pageRule(all, market === undefined ? undefined : { name: market, open: at.market?.open === true }),
        ),
      alarmActions: [at.topic],
      okActions: [at.topic],
    },
    { parent },
  );
}

/**
 * One page for each component, whichever of its alarms go off (but for those that page alone): at any time, or for components
 * that mind market hours only while the market is open, and a warning while it is not.
 */
export function pageTogether(name: string, alarms: readonly PlannedAlarm[], at: Paging, parent: pulumi.Resource): void {
  const critical = alarms.filter(
    ({ severity, component, alone }) => severity === "critical" && !alone && isPagedTogether(component, at.paging),
  );
  for (const component of new Set(critical.map((one) => one.component))) {
    const own = critical.filter((one) => one.component === component);
    for (let start = 0; start < own.length; start += childLimit) {
      const part = start === 0 ? "" : `-${start / childLimit + 1}`;
      const base = {
        description: `Something is wrong with ${component}: its alarms say what. First open the one that went off earliest, most often the cause, and its runbook.`,
        alarms: own.slice(start, start + childLimit),
      };
      const alarm = at.paging.marketHoursComponents.includes(component) ? at.marketOpen : undefined;
      const page = `${name}-page-${component}${part}`;
      if (!alarm) {
        composite(page, { ...base, topic: at.topics.critical }, parent);
        continue;
      }
      composite(page, { ...base, topic: at.topics.critical, market: { alarm, open: true } }, parent);
      const later = { ...base, topic: at.topics.warning, market: { alarm, open: false } };
      composite(`${name}-after-hours-${component}${part}`, later, parent);
    }
  }
}
