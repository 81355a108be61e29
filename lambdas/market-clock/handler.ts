import { MetricUnit, Metrics } from "@aws-lambda-powertools/metrics";
import { jsonVariable, lazily, variable } from "../common/environment";
import { isOpen, type CalendarOverride, type Exchange } from "../common/exchange-calendar";

export interface MarketClockSettings {
  readonly exchange: Exchange;
  readonly overrides: readonly CalendarOverride[];
}

/** Every minute: 1 while the exchange trades, else 0, so that alarms can tell silence from a closed market. */
export function makeHandler(clock: () => Date = () => new Date()) {
  const metrics = new Metrics({ defaultDimensions: { stack: variable("STACK") } });
  return () => {
    const { exchange, overrides } = jsonVariable<MarketClockSettings>("CALENDAR");
    const open = isOpen(exchange, clock(), overrides);
    metrics.addMetric("MarketOpen", MetricUnit.Count, open ? 1 : 0);
    metrics.publishStoredMetrics();
    return Promise.resolve({ open });
  };
}

export const handler = lazily(() => makeHandler());
