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
  /** Component whose own page keeps the applications' silent: their errors follow from it. */
  readonly suppressor: string;
}

function composite(
  name: string,
  at: {
    readonly description: string;
    readonly alarms: readonly PlannedAlarm[];
    readonly topic: pulumi.Output<string>;
    readonly market?: { readonly alarm: aws.cloudwatch.MetricAlarm; readonly open: boolean };
    readonly suppressor?: aws.cloudwatch.CompositeAlarm;
  },
  parent: pulumi.Resource,
): aws.cloudwatch.CompositeAlarm {
  const names = pulumi.all(at.alarms.map(({ alarm }) => alarm.name));
  return new aws.cloudwatch.CompositeAlarm(
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
      ...(at.suppressor && {
        actionsSuppressor: { alarm: at.suppressor.alarmName, waitPeriod: 120, extensionPeriod: 180 },
      }),
    },
    { parent },
  );
}

/**
 * One page for each component, whichever of its alarms go off (but for those that page alone): at any time, or for components that mind market hours only
 * while the market is open, and a warning while it is not. The applications' page waits two minutes for that of the services
 * they run in, and stays silent where that goes out.
 */
export function pageTogether(
  name: string,
  alarms: readonly PlannedAlarm[],
  at: Paging,
  parent: pulumi.Resource,
): aws.cloudwatch.CompositeAlarm[] {
  const made = new Map<string, aws.cloudwatch.CompositeAlarm>();
  const critical = alarms.filter(
    ({ severity, component, alone }) => severity === "critical" && !alone && isPagedTogether(component, at.paging),
  );
  const components = [...new Set(critical.map(({ component }) => component))];
  // The applications' own come last, so that the one they wait for is there.
  for (const component of [...components.filter((one) => one !== name), ...components.filter((one) => one === name)]) {
    const own = critical.filter((one) => one.component === component);
    for (let start = 0; start < own.length; start += childLimit) {
      const part = start === 0 ? "" : `-${start / childLimit + 1}`;
      const base = {
        description: `Something is wrong with ${component}: its alarms say what. First open the one that went off earliest, most often the cause, and its runbook.`,
        alarms: own.slice(start, start + childLimit),
        suppressor: component === name ? made.get(at.suppressor) : undefined,
      };
      if (at.marketOpen && at.paging.marketHoursComponents.includes(component)) {
        const market = (open: boolean) => ({ alarm: at.marketOpen as aws.cloudwatch.MetricAlarm, open });
        const inSession = { ...base, topic: at.topics.critical, market: market(true) };
        made.set(component, composite(`${name}-page-${component}${part}`, inSession, parent));
        composite(
          `${name}-after-hours-${component}${part}`,
          { ...base, topic: at.topics.warning, market: market(false) },
          parent,
        );
      } else {
        made.set(
          component,
          composite(`${name}-page-${component}${part}`, { ...base, topic: at.topics.critical }, parent),
        );
      }
    }
  }
  return [...made.values()];
}
