/** Which resources trade: by the component that they belong to, or the name of their service. */
import type { RuleContext } from "../frame/policy";

/** Components whose hosts trade, as their types stand in a URN. */
const traderComponent = /trading:trading:(LocalZoneTrader|ModelDrivenFleet)/;
const feedComponent = /trading:trading:MarketDataIngest/;
/** Services of programs that trade or hold a feed, by the words of their names. */
const traderName = /(^|-)(bot|trader|execution|order-?router)(-|$)/;
const feedName = /(^|-)(ingest|stream|feed|bot)(-|$)/;

interface Named {
  readonly urn: string;
  readonly name: string;
}

export const isTrader = ({ urn, name }: Named): boolean => traderComponent.test(urn) || traderName.test(name);
/** What may run only once: a feed takes one connection a key, and a bot would bet twice. */
export const isSingleton = ({ urn, name }: Named): boolean => feedComponent.test(urn) || feedName.test(name);

/** `live` in production, `paper` elsewhere, unless the stack says otherwise. */
export function tradingMode({ stage, settings }: Pick<RuleContext, "stage" | "settings">): "live" | "paper" {
  if (settings.tradingMode === "live" || settings.tradingMode === "paper") return settings.tradingMode;
  return stage === "prod" ? "live" : "paper";
}
