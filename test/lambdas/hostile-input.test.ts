import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateSecretCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { makeHandler as makePublisher } from "../../lambdas/model-publish/handler";
import { EmulatedAws } from "../support/emulated-aws";
import { emulatedFleet } from "../support/fleet";
import { hostile, untouched } from "../support/hostile";

describe("functions take hostile input as data", () => {
  describe("the schedule's, on an emulated AWS", () => {
    const fleet = emulatedFleet();

    /** Tags of EC2 hold no control characters, at most 256 characters, and no key of AWS's own. */
    const names = [...hostile.filter((name) => !name.includes("\n")), "x".repeat(256)];

    async function namedFleet(): Promise<string[]> {
      const ids: string[] = [];
      for (const name of names) {
        ids.push(...(await fleet.run(1, { tags: { Name: name, "model-symbol": name, [name.slice(0, 127)]: name } })));
      }
      return ids;
    }

    it("stop and start every instance whatever it is called, by a command that holds no name", async () => {
      const ids = await namedFleet();
      const stopped = await fleet.machine("stop");
      assert.equal(stopped.failure, undefined);
      assert.deepEqual(new Set(await fleet.states(ids)), new Set(["stopped"]));
      const sent = [...fleet.agents.commands.values()].map(({ document, parameters }) => ({ document, parameters }));
      assert.deepEqual(sent, [{ document: "drain", parameters: { Seconds: ["600"] } }]);
      const started = await fleet.machine("start");
      assert.equal(started.failure, undefined);
      assert.deepEqual(new Set(await fleet.states(ids)), new Set(["running"]));
      untouched();
    });

    it("find each of them ready", async () => {
      const ids = await namedFleet();
      assert.deepEqual(await fleet.readiness()({}), { checked: ids.length, unready: [] });
    });

    it("act on none where the event names a time, an id or a problem that is none", async () => {
      const ids = await fleet.run(2);
      const { find, decide } = fleet.functions();
      for (const name of hostile) {
        const found = await find({ action: "stop", pass: 1, coming: [name] });
        assert.deepEqual([found.batches, found.coming], [[], []], name);
        const request = { action: "stop" as const, execution: name, scheduledTime: name };
        const decision = await decide(request).catch((error: unknown) => error as Error);
        assert.ok(decision instanceof Error || !decision.act, `acts on ${name}: ${JSON.stringify(decision)}`);
      }
      assert.deepEqual(await fleet.states(ids), ["running", "running"]);
      const problems = JSON.parse('{"__proto__":{"polluted":"yes"},"refused":["$(reboot)"]}') as Record<
        string,
        string[]
      >;
      const report = await fleet.functions().report({ action: "stop", results: [], earlier: [], problems } as never);
      assert.ok(JSON.stringify(report).length > 0);
      untouched();
    });
  });

  describe("the publisher of models, on an emulated AWS", () => {
    interface Version {
      readonly name: string;
      readonly tags: readonly { readonly key: string; readonly value: string }[];
    }
    const aws = new EmulatedAws();
    let registry: Server;
    let s3: S3Client;
    let versions: readonly Version[] = [];
    let publish: () => Promise<{ published: string[]; removed: readonly string[]; rejected: { reason: string }[] }>;
    const asked: string[] = [];

    before(async () => {
      s3 = new S3Client({ ...aws.access, forcePathStyle: true });
      const [secrets, ssm] = [new SecretsManagerClient(aws.access), new SSMClient(aws.access)];
      for (const Bucket of ["artifacts", "deploy"]) await s3.send(new CreateBucketCommand({ Bucket }));
      const login = JSON.stringify({ username: "publisher", password: "a-password" });
      await secrets.send(new CreateSecretCommand({ Name: "mlflow/publisher", SecretString: login }));
      await ssm.send(new PutParameterCommand({ Name: "/mlflow/ca", Type: "String", Value: "none" }));
      // The registry's REST API, as far as the publisher asks it.
      registry = createServer((request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "http://registry");
        asked.push(pathname);
        const name = searchParams.get("name");
        const index = versions.findIndex((one) => one.name === name);
        const answer = pathname.endsWith("/registered-models/search")
          ? {
              registered_models: versions.map((one) => ({
                name: one.name,
                tags: one.tags,
                aliases: [{ alias: "production", version: "1" }],
              })),
            }
          : pathname.endsWith("/get-download-uri")
            ? { artifact_uri: `mlflow-artifacts:/1/run${index}/artifacts/model` }
            : { model_version: { tags: [] } };
        response.statusCode = pathname.endsWith("/registered-models/search") || index >= 0 ? 200 : 404;
        response.end(JSON.stringify(answer));
      });
      await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
      Object.assign(process.env, {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        POWERTOOLS_METRICS_DISABLED: "true",
        MLFLOW_URL: `http://127.0.0.1:${(registry.address() as AddressInfo).port}`,
        MLFLOW_SECRET: "mlflow/publisher",
        MLFLOW_CA_PARAMETER: "/mlflow/ca",
        ARTIFACTS: "s3://artifacts/mlflow/",
        DEPLOY_BUCKET: "deploy",
        DEPLOY_PREFIX: "models/",
        RECORD_KEY: "published.json",
        ALIAS: "production",
      });
      publish = makePublisher({ s3, secrets, ssm });
    });
    after(async () => {
      registry.closeAllConnections();
      await new Promise<void>((resolve) => registry.close(() => resolve()));
    });

    const tags = (more: Record<string, string>) =>
      Object.entries({ type: "momentum", symbol: "AAPL", outer: "0", inner: "0", ...more }).map(([key, value]) => ({
        key,
        value,
      }));
    async function keys(): Promise<string[]> {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "deploy" }));
      return Contents.map(({ Key = "" }) => Key).sort();
    }

    it("puts each model where its name says or nowhere, and takes none away for another's name", async () => {
      const names = [...hostile, "x".repeat(10_000), "good"];
      versions = [
        ...names.map((name, index) => ({ name, tags: tags({ inner: String(index) }) })),
        ...hostile.map((symbol, index) => ({ name: `by-symbol-${index}`, tags: tags({ symbol, outer: "1" }) })),
        ...hostile.map((outer, index) => ({ name: `by-fold-${index}`, tags: tags({ outer }) })),
        { name: "own-tags", tags: [...tags({ outer: "2" }), { key: "__proto__", value: "polluted" }] },
      ];
      for (const index of versions.keys()) {
        for (const file of ["model.bin", '$(reboot) "; rm -rf %2F.bin', "Ünïcødé 🚀.bin"]) {
          const Key = `mlflow/1/run${index}/artifacts/model/${file}`;
          await s3.send(new PutObjectCommand({ Bucket: "artifacts", Key, Body: "x" }));
        }
      }
      await s3.send(new PutObjectCommand({ Bucket: "deploy", Key: "models/others/own/kept", Body: "x" }));
      const { published, removed, rejected } = await publish();
      assert.equal(published.length + rejected.length, versions.length, "each is published or rejected");
      assert.deepEqual(removed, []);
      for (const key of published) {
        assert.match(key, /^models\/[^/]+\/[^/]+\/[^/\p{Cc}]+-outer_\d+_inner_\d+$/u);
        assert.ok(Buffer.byteLength(key) <= 1024);
      }
      assert.ok(published.includes("models/momentum/AAPL/$(reboot)-outer_0_inner_0"));
      assert.ok(published.includes("models/momentum/AAPL/__proto__-outer_0_inner_6"));
      assert.ok(published.includes(`models/momentum/AAPL/good-outer_0_inner_${names.length - 1}`));
      for (const reason of [/slash/, /control character/, /longer than the 1,024 bytes/])
        assert.ok(
          rejected.some((one) => reason.test(one.reason)),
          String(reason),
        );
      const expected = published.flatMap((key) =>
        ["model.bin", '$(reboot) "; rm -rf %2F.bin', "Ünïcødé 🚀.bin"].map((file) => `${key}/${file}`),
      );
      assert.deepEqual(await keys(), [...expected, "models/others/own/kept", "published.json"].sort());
      const again = await publish();
      assert.deepEqual([again.published, again.removed], [[], []], "a second run changes nothing");
      untouched();
    });

    it("asks the registry by query alone: a name never becomes a path", () => {
      assert.deepEqual(
        new Set(asked),
        new Set(
          ["registered-models/search", "model-versions/get", "model-versions/get-download-uri"].map(
            (one) => `/api/2.0/mlflow/${one}`,
          ),
        ),
      );
    });
  });
});
