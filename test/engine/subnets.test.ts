import assert from "node:assert/strict";
import { LiveStack, backing, networkOnly } from "./live-stack";
import { stepwise } from "../support/stepwise";

const settings = (app: readonly string[]) => ({
  ...networkOnly,
  "network.cidr": "10.10.0.0/16",
  "network.subnets": {
    public: ["10.10.0.0/24", "10.10.1.0/24"],
    app,
    data: ["10.10.8.0/24", "10.10.9.0/24"],
  },
});
const first = settings(["10.10.4.0/24", "10.10.5.0/24"]);
const moved = settings(["10.10.4.0/24", "10.10.6.0/24"]);

describe(`a change of blocks that would replace a subnet, against ${backing().backing}`, function () {
  stepwise();
  let stack: LiveStack;

  const blocks = async () => {
    const subnets = (await stack.engine.resources()).filter(({ type }) => type === "aws:ec2/subnet:Subnet");
    return subnets.map(({ inputs }) => String(inputs?.cidrBlock)).sort();
  };

  before(async () => {
    stack = await LiveStack.open("dev", "subnets", { set: first, policy: false });
    await stack.must("up");
  });

  after(async () => {
    await (stack as LiveStack | undefined)?.close();
  });

  it("is refused before anything changes, and the message names the subnet, both blocks and the way out", async () => {
    const deployed = await blocks();
    assert.ok(deployed.includes("10.10.5.0/24"));
    stack.reconfigure(moved);
    const outcome = await stack.engine.run("up");
    assert.equal(outcome.ok, false);
    for (const text of ["10.10.5.0/24", "10.10.6.0/24", "network.allowSubnetReplacement"]) {
      assert.ok(outcome.log.includes(text), `no ${text} in:\n${outcome.log.slice(-2_000)}`);
    }
    assert.deepEqual(await blocks(), deployed);
  });

  it("is made where it is asked for", async () => {
    stack.reconfigure({ ...moved, "network.allowSubnetReplacement": true });
    await stack.must("up");
    const deployed = await blocks();
    assert.deepEqual([deployed.includes("10.10.6.0/24"), deployed.includes("10.10.5.0/24")], [true, false]);
  });

  it("can be destroyed to nothing", async () => {
    await stack.engine.unprotect();
    await stack.must("destroy");
    assert.deepEqual(await stack.engine.resources(), []);
  });
});
