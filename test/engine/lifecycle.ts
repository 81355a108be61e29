import assert from "node:assert/strict";
import * as path from "node:path";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { decodeUserData } from "../../components/common/user-data";
import { describeFindings } from "../../recover/describe";
import { readUrn, type Outcome, type StateResource } from "../../sandbox/engine";
import { comeUp } from "../../sandbox/come-up";
import { releaseGuards } from "../../sandbox/release";
import { emulatorS3, fleetOf } from "../../sandbox/seed";
import { asIfKilled, knownOtherwise } from "./interrupted";
import { LiveStack, backing, type LiveOptions } from "./live-stack";
import { plainSecrets } from "./secrets";
import { stepwise } from "../support/stepwise";

/** What a stack's own test gets: the stack once it is up, and its resources. */
export interface Up {
  readonly stack: LiveStack;
  readonly resources: readonly StateResource[];
  /** Resources of a type. */
  ofType(type: string): readonly StateResource[];
}

export interface Lifecycle extends LiveOptions {
  /** Tests that read the running stack back with AWS's own clients; only against the emulated AWS. */
  readonly readBack?: (up: () => Up) => void;
  /** Takes over one resource of each type, as if it had been killed while it made them. @default false */
  readonly recovers?: boolean;
}

/** Says which resources an operation changed, and in what. */
function differences({ changed }: Outcome): string {
  return changed
    .map(({ op, urn, differences: names }) => `${op} ${readUrn(urn).type} ${readUrn(urn).name}: ${names.join(", ")}`)
    .join("\n");
}

/** Number of resources that an operation made, changed or removed; the stack's own record left out. */
function touched(outcome: Outcome): number {
  return outcome.changed.filter(({ urn }) => readUrn(urn).type !== "pulumi:pulumi:Stack").length;
}

/**
 * The life of a stack on the real engine: up, up again without a change, no secret in clear text, a model added and one
 * removed, destroy to nothing.
 */
export function lifecycle(name: string, options: Lifecycle = {}): void {
  describe(`stack ${name} on the real engine, against ${backing().backing}`, function () {
    stepwise(); // each step needs the one before it
    let stack: LiveStack;
    let up: Up;
    let log = "";

    before(async () => {
      stack = await LiveStack.open(name, name, options);
    });

    after(async () => {
      await (stack as LiveStack | undefined)?.close();
    });

    const read = async (): Promise<void> => {
      const resources = await stack.engine.resources();
      up = { stack, resources, ofType: (type) => resources.filter((resource) => resource.type === type) };
    };

    it("passes the policy pack in a preview", async () => {
      await stack.must("preview");
    });

    it("comes up, and follows its models once the deploy bucket holds them", async () => {
      const outcome = await comeUp(stack.place, stack.engine, () => undefined);
      if (!outcome.ok) throw new Error(stack.explain("up", outcome));
      ({ log } = outcome);
      await read();
      assert.ok(up.resources.length > 10, `only ${up.resources.length} resources`);
      const fleet = fleetOf(stack.place);
      if (!fleet || stack.against === "stand-in provider") return;
      assert.ok(up.ofType("aws:ec2/instance:Instance").length >= 2, "the fleet has not followed its listing");
    });

    it("changes nothing in a second up", async () => {
      const again = await stack.must("up");
      log += again.log;
      assert.equal(touched(again), 0, differences(again));
    });

    it("shows no secret in clear text: state, outputs, user data, log", async () => {
      const secrets = await plainSecrets(stack);
      const outputs = JSON.stringify(Object.values(await stack.engine.stack.outputs()).filter(({ secret }) => !secret));
      const userData = up.resources.flatMap(({ outputs: values }) => decoded(values?.userData)).join("\n");
      for (const [where, text] of Object.entries({ state: stack.stateFiles(), outputs, userData, log })) {
        for (const { of, value } of secrets) assert.ok(!text.includes(value), `${where} shows the secret of ${of}`);
      }
    });

    it("could know each resource again by the id that it has", function () {
      if (stack.against === "stand-in provider") return this.skip();
      const state = up.resources.filter(({ custom, type }) => custom && type.startsWith("aws:"));
      assert.deepEqual(knownOtherwise(state), []);
    });

    options.readBack?.(() => up);

    if (options.recovers) recoversInterrupted(() => stack);

    it("makes one instance for a model that is added, and removes it with the model", async function () {
      const fleet = fleetOf(stack.place);
      if (!fleet || stack.against === "stand-in provider") return this.skip();
      const s3 = emulatorS3(stack.endpoint);
      const key = String(fleet.keys[0]).replace(/outer_\d+_inner_\d+/, "outer_97_inner_89");
      const instances = (outcome: Outcome, op: string) =>
        outcome.changed.filter(({ urn, op: done }) => done === op && readUrn(urn).type === "aws:ec2/instance:Instance")
          .length;
      await s3.send(new PutObjectCommand({ Bucket: fleet.bucket, Key: key, Body: "sample model" }));
      const added = await stack.must("up");
      assert.deepEqual([instances(added, "create"), instances(added, "delete")], [1, 0], differences(added));
      await s3.send(new DeleteObjectCommand({ Bucket: fleet.bucket, Key: key }));
      const removed = await stack.must("up");
      assert.deepEqual([instances(removed, "create"), instances(removed, "delete")], [0, 1], differences(removed));
    });

    it("is destroyed to nothing", async () => {
      if (stack.against !== "stand-in provider") await releaseGuards(stack.endpoint, await stack.engine.resources());
      await stack.engine.unprotect();
      await stack.must("destroy");
      assert.deepEqual(await stack.engine.resources(), []);
    });
  });
}

/** Takes over what a killed run made, type by type, by the id that each had. */
function recoversInterrupted(of: () => LiveStack): void {
  it("takes over what it finds of a run that was killed, each by the id that it had", async function () {
    const stack = of();
    if (stack.against === "stand-in provider") return this.skip();
    const { folder, name } = stack.place;
    const taken = asIfKilled(path.join(folder, "state", ".pulumi", "stacks", "trading-platform", `${name}.json`));
    assert.ok(taken.length >= 15, `only ${taken.length} types`);
    const recovered = await stack.engine.recoverInterrupted();
    assert.ok(recovered, "nothing was under way");
    const said = describeFindings(name, recovered);
    assert.equal(recovered.fates.length, taken.length, said);
    assert.deepEqual([recovered.done.forgotten, recovered.done.toMake], [[], []], said);
    const now = await stack.engine.resources();
    const idOf = (urn: string) => now.find((one) => one.urn === urn)?.id;
    for (const { urn, id } of taken) assert.equal(idOf(urn), id, urn);
    const again = await stack.must("up");
    const made = again.changed.filter(({ op }) => op !== "update");
    assert.deepEqual(made, [], differences(again));
    assert.equal(touched(await stack.must("up")), 0);
  });
}

/** User data as it is, and as it reads once decoded. */
function decoded(value: unknown): string[] {
  return typeof value === "string" ? [value, Buffer.from(value, "base64").toString("utf8"), decodeUserData(value)] : [];
}
