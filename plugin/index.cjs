// Started by Pulumi for `PulumiPlugin.yaml`: the components are TypeScript, so their loader comes first.
require("tsx/cjs");
module.exports = require("./provider.ts").serve();
