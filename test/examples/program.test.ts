import assert from "node:assert/strict";
import example from "../../examples/program";
import { register } from "../support/program";

describe("a program beside this one", () => {
  it("makes three components by the package's exports, and gives out what they are called by", async () => {
    const stack = await register(example);
    const components = stack.resources
      .filter(({ type, parent }) => type.startsWith("trading:") && parent === null)
      .map(({ type }) => type);
    assert.deepEqual(components.toSorted(), [
      "trading:network:TradingVpc",
      "trading:operations:AlarmTopics",
      "trading:security:EncryptionKey",
    ]);
    assert.equal(stack.one("aws:ec2/vpc:Vpc").inputs.cidrBlock, "10.80.0.0/16");
    assert.equal(stack.ofType("aws:sns/topic:Topic").length, 3);
    assert.deepEqual(Object.keys(stack.result.outputs as object).toSorted(), ["criticalTopicArn", "keyArn", "vpcId"]);
  });
});
