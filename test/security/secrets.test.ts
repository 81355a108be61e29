import assert from "node:assert/strict";
import { describe, it } from "mocha";
import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { placeholder } from "../../components/common/placeholder";
import { GeneratedSecret } from "../../components/security/generated-secret";
import { AppSecrets, checkAppSecrets, unfilledFields, unfilledMessage } from "../../components/security/secrets";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { plain, register, testCloud } from "../support/program";

const betfair = { description: "Betfair API", fields: ["appKey", "certificate"], readers: ["bot"] };
const keys = { description: "Internal API keys", fields: ["token"], readers: ["bot", "ml"] };
const base = { cloud: testCloud, namePrefix: "clever-better/prod", secrets: { betfair, "api-keys": keys } };

/** Runs with the answer that AWS holds this text for every secret. */
function withCurrent(text: string, allowPlaceholders = false) {
  const answers = planAnswers(testCloud.region);
  const program = () => {
    new AppSecrets("app", { ...base, allowPlaceholders });
  };
  return runProgram(program, {
    project: "trading-platform",
    stack: "test",
    config: { "aws:region": testCloud.region },
    answers: {
      ...answers,
      call: (args) => (args.token.includes("getSecretVersion") ? { secretString: text, id: "x" } : answers.call(args)),
    },
  });
}

describe("AppSecrets", () => {
  it("makes the documents' names with placeholders under one key", async () => {
    const run = await register(() => new AppSecrets("app", base));
    const secrets = run.ofType("aws:secretsmanager/secret:Secret");
    assert.deepEqual(
      secrets.map(({ inputs }) => inputs.name),
      ["clever-better/prod/betfair", "clever-better/prod/api-keys"],
    );
    const [key] = run.ofType("aws:kms/key:Key");
    for (const secret of secrets) {
      assert.deepEqual(secret.propertyDependencies.kmsKeyId, [key!.urn]);
      assert.equal(secret.inputs.recoveryWindowInDays, 30);
    }
    const value = run.one("aws:secretsmanager/secretVersion:SecretVersion", "betfair-value").inputs.secretString;
    assert.deepEqual(JSON.parse(String(plain(value))), { appKey: placeholder, certificate: placeholder });
    assert.notEqual(value, plain(value), "the value is marked as secret");
  });

  it("stops a deployment while a placeholder stands", async () => {
    const text = JSON.stringify({ appKey: "k", certificate: placeholder, token: "t" });
    await assert.rejects(withCurrent(text), (error: Error) => {
      assert.equal(
        error.message.split("\n")[0],
        "The secret clever-better/prod/betfair is not filled: certificate still is a placeholder.",
      );
      return true;
    });
  });

  it("goes on once every field is filled", async () => {
    await withCurrent(JSON.stringify({ appKey: "k", certificate: "c", token: "t" }));
  });

  it("only warns where placeholders are allowed, and reads nothing", async () => {
    const run = await withCurrent("{}", true);
    const warnings = run.log.filter(({ severity }) => severity === "warning");
    assert.equal(warnings.length, 2);
    assert.match(
      JSON.stringify(warnings[0]),
      /clever-better\/prod\/betfair holds placeholders \(appKey, certificate\) until somebody fills it: aws secretsmanager put-secret-value --secret-id clever-better\/prod\/betfair --secret-string/,
    );
  });

  it("takes values from encrypted configuration and reads nothing then", async () => {
    const secrets = { betfair: { ...betfair, values: { appKey: "real", certificate: "pem" } } };
    const run = await register(() => new AppSecrets("app", { ...base, secrets }));
    const value = run.one("aws:secretsmanager/secretVersion:SecretVersion").inputs.secretString;
    assert.deepEqual(JSON.parse(String(plain(value))), { appKey: "real", certificate: "pem" });
  });

  it("gives each service the secrets that name it, and no other", async () => {
    let ml: unknown;
    await register(() => {
      const app = new AppSecrets("app", base);
      app.readPolicy("ml").apply((text) => (ml = JSON.parse(text) as unknown));
      assert.throws(() => app.readPolicy("grafana"), /No secret names grafana among its readers/);
    });
    const [read, decrypt] = (ml as { Statement: Record<string, unknown>[] }).Statement;
    const arns = read!.Resource as string[];
    assert.equal(arns.length, 1);
    assert.match(arns[0]!, /clever-better\/prod\/api-keys/);
    assert.deepEqual(decrypt!.Condition, { StringEquals: { "kms:EncryptionContext:SecretARN": arns } });
  });

  it("hooks rotation on the functions it is given", async () => {
    const run = await register(
      () => new AppSecrets("app", { ...base, rotationLambdaArns: { "api-keys": "arn:aws:lambda:::function:r" } }),
    );
    const rotation = run.one("aws:secretsmanager/secretRotation:SecretRotation");
    assert.deepEqual(rotation.inputs.rotationRules, { automaticallyAfterDays: 30 });
    assert.equal(rotation.inputs.rotateImmediately, false);
  });
});

describe("a secret's mistakes", () => {
  const cases: [string, Partial<Parameters<typeof checkAppSecrets>[0]>, string, string][] = [
    ["prefix", { namePrefix: "/prod/" }, "namePrefix", "is no beginning of a secret's name"],
    ["window", { recoveryWindowDays: 3 }, "recoveryWindowDays", "is no recovery window of Secrets Manager"],
    ["key", { secrets: { "a b": betfair } }, "secrets.a b", "is not the last part of a secret's name"],
    [
      "suffix",
      { secrets: { "key-abc123": betfair } },
      "secrets.key-abc123",
      "ends like the random part of a secret's ARN, which makes look-ups by name ambiguous",
    ],
    ["fields", { secrets: { a: { ...betfair, fields: [] } } }, "secrets.a.fields", "is empty"],
    [
      "value",
      { secrets: { a: { ...betfair, values: { appkey: "x" } } } },
      "secrets.a.values.appkey",
      "is not one of the secret's fields",
    ],
    [
      "days",
      { secrets: { a: { ...betfair, rotation: { lambdaArn: "arn", everyDays: 0 } } } },
      "secrets.a.rotation.everyDays",
      "is no rotation period",
    ],
  ];
  for (const [title, change, path, problem] of cases) {
    it(`${title}: ${path} ${problem}`, () => {
      const issues = checkAppSecrets({ ...base, ...change });
      assert.deepEqual(
        issues.map((issue) => [issue.path, issue.problem]),
        [[path, problem]],
      );
    });
  }

  it("never repeats a value", () => {
    const issues = checkAppSecrets({ ...base, secrets: { a: { ...betfair, values: { other: "hunter2" } } } });
    assert.doesNotMatch(JSON.stringify(issues), /hunter2/);
  });

  it("counts what is missing, empty, malformed or a placeholder", () => {
    assert.deepEqual(unfilledFields(["a", "b", "c", "d"], JSON.stringify({ a: "", b: placeholder, d: "x" })), [
      "a",
      "b",
      "c",
    ]);
    for (const text of ["", "null", "[", "7"]) assert.deepEqual(unfilledFields(["a"], text), ["a"], text);
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string(),
          fc.string({ minLength: 1 }).filter((v) => v !== placeholder),
        ),
        (values) => {
          assert.deepEqual(unfilledFields(Object.keys(values), JSON.stringify(values)), []);
        },
      ),
    );
    assert.match(
      unfilledMessage("x/y", ["a", "b"]),
      /a, b still are placeholders\.\nFill it: aws secretsmanager put-secret-value --secret-id x\/y/,
    );
  });
});

describe("GeneratedSecret", () => {
  it("keeps a value that only readers of the secret and the engine's encrypted state know", async () => {
    let value: pulumi.Output<string> | undefined;
    const run = await register(() => {
      const secret = new GeneratedSecret("db", {
        description: "Master",
        kmsKeyArn: "arn:key",
        secretName: "clever-better/prod/database",
        fields: { username: "platform" },
      });
      value = secret.value;
      return { isSecret: pulumi.isSecret(secret.value) };
    });
    assert.ok(value);
    const stored = run.one("aws:secretsmanager/secretVersion:SecretVersion").inputs.secretString;
    const fields = JSON.parse(String(plain(stored))) as Record<string, string>;
    assert.equal(fields.username, "platform");
    assert.equal(fields.password?.length, 40);
    assert.equal(run.one("aws:secretsmanager/secret:Secret").inputs.name, "clever-better/prod/database");
    assert.notEqual(stored, plain(stored));
  });
});
