export { LocalZoneTrader, type LocalZoneTraderArgs } from "./local-zone-trader";
