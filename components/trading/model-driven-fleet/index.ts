export { planFleet } from "./fleet-plan";
export { fleetRecordOf } from "./manifest";
export { ModelDrivenFleet, type ModelDrivenFleetArgs } from "./model-driven-fleet";
export { shardOf } from "./placement";
