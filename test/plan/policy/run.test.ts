import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { RecordedResource } from "../../../plan/evaluate/monitor";
import { PolicyRunError, PolicyServer, runPolicies, type PolicyOptions } from "../../../plan/policy/run";
import { register } from "../../support/program";

const options = (section: object = {}, stage = "prod"): PolicyOptions => ({
  project: "trading-platform",
  stack: "test",
  config: { "trading-platform:stage": stage, "trading-platform:policies": JSON.stringify(section) },
});
const waiver = { policy: "ebs-volume-encrypted", resource: "*-data", reason: "moves away", owner: "data" };

describe("the policy run", () => {
  let server: PolicyServer;
  let resources: readonly RecordedResource[];
  before(async () => {
    server = await PolicyServer.start();
    ({ resources } = await register(() => {
      new aws.ebs.Volume("plain-data", { availabilityZone: "us-east-1a", size: 8 });
      new aws.ebs.Volume("good", {
        availabilityZone: "us-east-1a",
        size: 8,
        encrypted: true,
        kmsKeyId: pulumi.secret("arn:aws:kms:us-east-1:123456789012:key/k"),
      });
      new aws.ebs.EncryptionByDefault("defaults", { enabled: true });
    }));
  });
  after(() => server.close());
  const run = async (given: PolicyOptions) => (await runPolicies(resources, { ...given, server })).violations;
  const mine = async (given: PolicyOptions) =>
    (await run(given)).filter(({ policy }) => ["ebs-volume-encrypted", "waivers-valid"].includes(policy));

  it("finds through the pack's own server what is wrong, and only that", async () => {
    const found = await mine(options());
    assert.deepEqual(
      found.map(({ policy, enforcement, severity, urn }) => ({ policy, enforcement, severity, urn })),
      [
        {
          policy: "ebs-volume-encrypted",
          enforcement: "mandatory",
          severity: "critical",
          urn: "urn:pulumi:test::trading-platform::aws:ebs/volume:Volume::plain-data",
        },
      ],
    );
    assert.match(found[0]!.message, /^plain-data: the volume is not encrypted\. Set encrypted: true/);
  });

  it("shows a waived violation as advisory, with who waived it, why and until when", async () => {
    const section = { waivers: [{ ...waiver, expires: "2999-12-31" }] };
    const report = await runPolicies(resources, { ...options(section), server });
    const [found] = report.waived;
    assert.equal(report.waived.length, 1);
    assert.equal(found?.enforcement, "advisory");
    assert.match(found.message, /^Waived until 2999-12-31 by data, because moves away: plain-data: /);
    assert.ok(report.violations.includes(found));
    assert.equal(report.evaluated, report.policies.length);
  });

  it("fails for an expired waiver, twice: the violation stands and the waiver is named", async () => {
    const found = await mine(options({ waivers: [{ ...waiver, expires: "2020-01-31" }] }));
    assert.deepEqual(
      found.map(({ policy, enforcement }) => `${policy} ${enforcement}`),
      ["ebs-volume-encrypted mandatory", "waivers-valid mandatory"],
    );
    assert.match(found[0]!.message, /data's waiver expired on 2020-01-31/);
  });

  it("refuses a waiver without a reason", async () => {
    const found = await mine(options({ waivers: [{ ...waiver, reason: "", expires: "2999-12-31" }] }));
    assert.match(found[1]!.message, /policies\.waivers\[0\] is refused: it has no reason/);
    assert.equal(found[0]!.enforcement, "mandatory");
  });

  it("takes levels, waivers and settings from a policy configuration, over the stage's own", async () => {
    const advisory = await mine({ ...options(), policyConfig: { "ebs-volume-encrypted": "advisory" } });
    assert.deepEqual(
      advisory.map(({ enforcement }) => enforcement),
      ["advisory"],
    );
    assert.deepEqual(await mine({ ...options(), policyConfig: { "ebs-volume-encrypted": "disabled" } }), []);
    const { policy: _policy, ...rest } = { ...waiver, expires: "2999-12-31" };
    const waived = await mine({ ...options(), policyConfig: { "ebs-volume-encrypted": { waivers: [rest] } } });
    assert.match(waived[0]!.message, /^Waived until/);
  });

  it("says which policy of a configuration does not exist, and which level", async () => {
    await assert.rejects(
      run({ ...options(), policyConfig: { "ebs-volum": "advisory" } }),
      /ebs-volum, which is not a policy/,
    );
    await assert.rejects(
      run({ ...options(), policyConfig: { "ebs-volume-encrypted": "strict" } }),
      /ebs-volume-encrypted the level "strict"; it is one of advisory, mandatory/,
    );
  });

  it("judges a stack without a stage as strictly as production", async () => {
    const plain = (await register(() => new aws.ebs.Volume("v", { availabilityZone: "us-east-1a" }))).resources;
    const levels = async (stage: string) =>
      (await runPolicies(plain, { ...options({}, stage), server })).violations.find(
        ({ policy }) => policy === "ebs-default-encryption",
      )?.enforcement;
    assert.equal(await levels("dev"), "advisory");
    assert.equal(await levels(""), "mandatory");
  });

  it("gives the same report whatever the order of the resources", async () => {
    const backwards = await runPolicies([...resources].reverse(), { ...options(), server });
    assert.deepEqual(backwards, await runPolicies(resources, { ...options(), server }));
  });

  it("says what to do when the pack does not come up in time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "silent-pack-"));
    writeFileSync(join(folder, "index.js"), "setInterval(() => undefined, 1000);");
    try {
      await assert.rejects(PolicyServer.start(folder, 50), (error) => {
        assert.ok(error instanceof PolicyRunError);
        assert.match(error.message, /did not start within 0\.05 seconds: .*Run the command again, .*--no-policy/);
        return true;
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("rejects with the pack's own words when it cannot start, and leaves no process behind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pack-"));
    try {
      writeFileSync(join(folder, "index.js"), 'throw new Error("broken pack");');
      await assert.rejects(PolicyServer.start(folder), (error) => {
        assert.ok(error instanceof PolicyRunError);
        assert.match(error.message, /did not start: it ended with status 1[\s\S]*broken pack/);
        return true;
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
