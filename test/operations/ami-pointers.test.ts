import assert from "node:assert/strict";
import { proofProblem, readProof } from "../../components/common/ami-pointer";
import { AmiPointers, unprovenMessage, type AmiPointersArgs } from "../../components/operations/ami-pointers";
import { validate } from "../../config";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram, type Answers } from "../../plan/evaluate/monitor";
import { evaluateBlueprint } from "../support/blueprint";
import { plain, register } from "../support/program";

const args: AmiPointersArgs = { project: "trading-platform", stage: "prod", kinds: ["trading"], requireProof: true };
const ami = "ami-0123456789abcdef0";
const proof = {
  ami,
  ranIn: "qa",
  instances: 3,
  hours: 7.5,
  by: "arn:aws:iam::123456789012:user/a",
  at: "2026-11-20T21:00:00Z",
};

/** Runs the component where these parameters exist. */
function deploy(parameters: Readonly<Record<string, string>>) {
  const planned = planAnswers("us-east-1");
  const answers: Answers = {
    ...planned,
    call(call) {
      const { name } = call.inputs as { name: string };
      if (call.token !== "aws:ssm/getParameter:getParameter") return planned.call(call);
      const value = parameters[name];
      if (value === undefined) throw new Error(`ParameterNotFound: ${name}`);
      return { name, value, type: "String" };
    },
  };
  const options = { project: "trading-platform", stack: "prod", config: { "aws:region": "us-east-1" }, answers };
  return runProgram(() => new AmiPointers("images", args), options);
}

const pointer = "/trading-platform/ami/prod/trading";

describe("AmiPointers", () => {
  it("makes dev's pointers once, and leaves their values to builds and promotion", async () => {
    const made = await register(
      () => new AmiPointers("images", { ...args, stage: "dev", create: true, kinds: ["trading", "gpu"] }),
    );
    const parameters = made.ofType("aws:ssm/parameter:Parameter");
    assert.deepEqual(
      parameters.map(({ inputs }) => [inputs.name, inputs.dataType]),
      [
        ["/trading-platform/ami/dev/trading", "aws:ec2:image"],
        ["/trading-platform/ami/dev/gpu", "aws:ec2:image"],
      ],
    );
    for (const { inputs } of parameters) assert.match(String(plain(inputs.value)), /^ami-/);
  });

  it("makes nothing elsewhere, and takes a pointer that qa has proven or somebody has let through", async () => {
    const { resources } = await deploy({ [pointer]: ami, [`${pointer}/proof`]: JSON.stringify(proof) });
    assert.equal(resources.filter(({ custom }) => custom).length, 0);
    const { ranIn: _ranIn, ...rest } = proof;
    await deploy({ [pointer]: ami, [`${pointer}/proof`]: JSON.stringify({ ...rest, override: "a reason" }) });
  });

  const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    [
      "a proof for another image",
      { [`${pointer}/proof`]: JSON.stringify({ ...proof, ami: "ami-00000000" }) },
      /names ami-0123456789abcdef0, and its proof is for ami-00000000\.\nLet it run in qa, then: npm run ami -- promote trading --to prod/,
    ],
    ["a proof that is none", { [`${pointer}/proof`]: "fine" }, /nothing says that qa has run it/],
    [
      "a proof of another stage",
      { [`${pointer}/proof`]: JSON.stringify({ ...proof, ranIn: "dev" }) },
      /ran in no qa stack/,
    ],
    ["no proof at all", {}, /ParameterNotFound.*proof/],
  ];
  for (const [what, parameters, message] of refused) {
    it(`stops a deployment with ${what}`, async () => {
      await assert.rejects(deploy({ [pointer]: ami, ...parameters }), message);
    });
  }

  it("says what to do", () => {
    const message = unprovenMessage(pointer, ami, proofProblem(ami, undefined) ?? "", "prod", "trading");
    assert.match(
      message,
      /^images\.kinds: \/trading-platform\/ami\/prod\/trading names .*\n.*promote trading --to prod\n.*--override REASON/,
    );
    assert.deepEqual(readProof(JSON.stringify(proof)), proof);
    assert.equal(readProof(undefined), undefined);
  });
});

describe("the section images", () => {
  const base = { project: "p", organization: "o", stack: "test" };
  const of = (stage: string, images: object) => validate(base, { stage, owner: "trading", images }, "us-east-1").images;

  it("makes pointers in dev, and asks for proof in prod", () => {
    assert.deepEqual([of("dev", {})?.create, of("qa", {})?.create, of("prod", {})?.create], [true, false, false]);
    assert.deepEqual(
      [of("dev", {})?.requireProof, of("qa", {})?.requireProof, of("prod", {})?.requireProof],
      [false, false, true],
    );
  });

  it("refuses to make what it asks proof for, and a kind that is none", () => {
    assert.throws(
      () => of("prod", { create: true }),
      /images\.create: makes pointers to images that nothing proves[\s\S]*fix: .*promote trading --to prod/,
    );
    assert.throws(() => of("dev", { kinds: ["tpu"] }), /images\.kinds\[0\]: is not one of the choices/);
  });

  it("gives the fleet and ingest their stage's pointers, unless they name an AMI themselves", async () => {
    const run = await evaluateBlueprint("model-fleet");
    const images = run.ofType("aws:ec2/launchTemplate:LaunchTemplate").filter(({ name }) => name.startsWith("fleet-"));
    for (const { inputs } of images) assert.equal(inputs.imageId, "resolve:ssm:/trading-platform/ami/qa/trading");
    const host = run.one("aws:ec2/launchTemplate:LaunchTemplate", "ingest-host-template").inputs;
    assert.equal(host.imageId, "resolve:ssm:/trading-platform/ami/qa/ingest");
    const pinned = await evaluateBlueprint("model-fleet", {
      fleet: { bucket: "algo-model-deploy", listing: "examples/models/qa.txt", ami },
    });
    const own = pinned.ofType("aws:ec2/launchTemplate:LaunchTemplate").filter(({ name }) => name.startsWith("fleet-"));
    assert.ok(own.length > 0);
    for (const { inputs } of own) assert.equal(inputs.imageId, ami);
  });
});
