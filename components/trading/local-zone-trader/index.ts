export { traderMetrics } from "./boot";
export { LocalZoneTrader, type LocalZoneTraderArgs } from "./local-zone-trader";
