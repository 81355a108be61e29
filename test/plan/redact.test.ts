import * as pulumi from "@pulumi/pulumi";
import assert from "node:assert/strict";
import fc from "fast-check";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { isSecretName, Redactor } from "../../plan/evaluate/redact";

const secret = (value: unknown) => ({
  [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig,
  value,
});

describe("redaction", () => {
  it("hides marked secrets, and their texts wherever else they turn up", () => {
    const redactor = new Redactor("/project");
    const inputs = {
      a: secret("hunter2hunter2"),
      b: "run --with hunter2hunter2",
      c: { d: secret({ e: "deep-secret" }) },
    };
    redactor.learn(inputs);
    assert.deepEqual(redactor.value(inputs), { a: "[secret]", b: "run --with [secret]", c: { d: "[secret]" } });
    assert.equal(redactor.text("failed: deep-secret"), "failed: [secret]");
  });

  it("never prints a secret, wherever it stands", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), fc.string(), (value, around) => {
        const redactor = new Redactor("/project");
        const inputs = { one: secret([value]), two: [`${around}${value}${around}`], three: { [around || "x"]: value } };
        redactor.learn(inputs);
        const shown = JSON.stringify(Object.values(redactor.value(inputs) as Record<string, unknown>));
        return !("[secret]".includes(value) || around.includes(value))
          ? !shown.includes(JSON.stringify(value).slice(1, -1))
          : true;
      }),
    );
  });

  it("knows secrets by name", () => {
    for (const name of [
      "password",
      "masterPassword",
      "DB_PASSWORD",
      "authToken",
      "secretString",
      "api_key",
      "privateKey",
    ]) {
      assert.ok(isSecretName(name), name);
    }
    for (const name of ["passwordSecretArn", "secretId", "tokens", "keyId", "secretRotation", "tokenEndpoint"]) {
      assert.ok(!isSecretName(name), name);
    }
    const redactor = new Redactor("/project");
    assert.deepEqual(
      redactor.value({
        password: "p",
        manageMasterUserPassword: true,
        secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
        environment: [
          { name: "API_TOKEN", value: "t" },
          { name: "REGION", value: "us-east-1" },
        ],
      }),
      {
        password: "[secret]",
        manageMasterUserPassword: true,
        secret: "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
        environment: [
          { name: "API_TOKEN", value: "[secret]" },
          { name: "REGION", value: "us-east-1" },
        ],
      },
    );
  });

  it("looks into JSON texts and connection strings", () => {
    const redactor = new Redactor("/project");
    assert.deepEqual(
      redactor.value({
        containerDefinitions: JSON.stringify([{ environment: [{ name: "DB_PASSWORD", value: "x1" }] }]),
        url: "postgres://trader:x1@db.internal:5432/trades",
        policy: '{"Action": "secretsmanager:GetSecretValue"}',
      }),
      {
        containerDefinitions: '[{"environment":[{"name":"DB_PASSWORD","value":"[secret]"}]}]',
        url: "postgres://trader:[secret]@db.internal:5432/trades",
        policy: '{"Action": "secretsmanager:GetSecretValue"}',
      },
    );
  });

  it("sorts keys, and drops what is undefined", () => {
    assert.equal(
      JSON.stringify(new Redactor("/").value({ b: 1, a: [{ d: 1, c: undefined }] })),
      '{"a":[{"d":1}],"b":1}',
    );
  });
});

describe("recorded values", () => {
  class Piece extends pulumi.CustomResource {
    constructor(name: string, props: pulumi.Inputs) {
      super("test:index:Piece", name, props);
    }
  }
  const run = (program: () => unknown) =>
    runProgram(program, { project: "shop", stack: "dev", config: {}, answers: planAnswers("us-east-1") });

  it("mark secrets in inputs and in outputs", async () => {
    const { resources, markedOutputs } = await run(() => {
      new Piece("one", { open: "a", closed: pulumi.secret("b") });
      return { open: 1, closed: pulumi.secret({ deep: "c" }) };
    });
    const shown = new Redactor("/");
    assert.deepEqual(shown.value(resources[0]!.inputs), { closed: "[secret]", open: "a" });
    assert.deepEqual(shown.value(markedOutputs), { closed: "[secret]", open: 1 });
  });

  it("show a resource that is an input by its id", async () => {
    const { resources } = await run(() => {
      const one = new Piece("one", {});
      new Piece("two", { sibling: one, list: [one] });
    });
    const two = resources.find(({ name }) => name === "two")!;
    assert.deepEqual(two.inputs, { sibling: "one-id", list: ["one-id"] });
  });

  it("show assets by their path from the project, never by content", async () => {
    const { resources } = await run(() => {
      new Piece("one", {
        code: new pulumi.asset.FileArchive("/project/lambdas/stop"),
        file: new pulumi.asset.FileAsset("lambdas/x.js"),
        away: new pulumi.asset.RemoteAsset("https://example.com/a"),
        both: new pulumi.asset.AssetArchive({ "index.js": new pulumi.asset.StringAsset("let a;") }),
      });
    });
    const text = "text, SHA-256 f355802cb6d444e175a567588ee4182ae21c1a063ff93a9526bf14b15e9392fa";
    assert.deepEqual(new Redactor("/project").value(resources[0]!.inputs), {
      away: { asset: "https://example.com/a" },
      both: { archive: { "index.js": { asset: text } } },
      code: { archive: "lambdas/stop" },
      file: { asset: "lambdas/x.js" },
    });
  });
});
