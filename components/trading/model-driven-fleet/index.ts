export { planFleet } from "./fleet-plan";
export { ecrRepository, imageUri } from "./instance-settings";
export { ecrHost } from "./launch-template";
export { fleetRecordOf, manifestKey, parseManifest } from "./manifest";
export { ModelDrivenFleet, type ModelDrivenFleetArgs } from "./model-driven-fleet";
export { shardOf } from "./placement";
