import { CreateDetectorCommand, GuardDutyClient } from "@aws-sdk/client-guardduty";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import assert from "node:assert/strict";
import {
  claimName,
  resolveSingletons,
  singletons,
  type Ownership,
  type Singleton,
} from "../../components/security/security-baseline";
import { startEmulator, type Emulator } from "../../sandbox/emulator";

describe("a stack's claim to what an account holds once, on the emulated AWS", () => {
  const variables = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_ENDPOINT_URL: "" };
  const earlier = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  const wanted = Object.fromEntries(singletons.map((one) => [one, "auto"])) as Record<Singleton, Ownership>;
  const claim = claimName("platform", "prod");
  const ask = () => resolveSingletons({ access: { region: "us-east-1" }, wanted, previous: {}, claim, offline: false });
  let emulator: Emulator;

  before(async function () {
    this.timeout(300_000);
    emulator = await startEmulator({ honourEndpoint: false });
    Object.assign(process.env, variables, { AWS_ENDPOINT_URL: emulator.endpoint });
    await new GuardDutyClient({ region: "us-east-1" }).send(new CreateDetectorCommand({ Enable: true }));
  });

  after(async () => {
    for (const [name, value] of Object.entries(earlier)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
    await emulator.stop();
  });

  it("is missing where another stack made the detector: it is adopted", async () => {
    const { detector, recorder } = await ask();
    assert.deepEqual([detector, recorder], ["adopt", "create"]);
  });

  it("knows its own after a deployment that ended in the middle and left no outputs", async () => {
    const ssm = new SSMClient({ region: "us-east-1" });
    await ssm.send(new PutParameterCommand({ Name: claim, Value: "detector,recorder", Type: "StringList" }));
    const { detector, recorder } = await ask();
    assert.deepEqual([detector, recorder], ["create", "create"]);
  });
});
