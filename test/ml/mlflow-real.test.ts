import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CreateDBInstanceCommand, DescribeDBSnapshotsCommand, RDSClient } from "@aws-sdk/client-rds";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { X509Certificate } from "node:crypto";
import { CatalogBuilder } from "../../components/trading/model-catalog/catalog";
import { stepwise } from "../support/stepwise";
import { makeHandler } from "../../lambdas/model-publish/handler";
import { databasePassword, missingForMlflow, MlflowHost } from "./mlflow-support";

const missing = missingForMlflow();
const parameter = "/trading-platform/test/mlflow/certificate";

/** Registers versions of models with MLflow's own client: name, tags, alias, content. */
const register = `
import mlflow, os, sys, json
from mlflow import MlflowClient
client = MlflowClient()
mlflow.set_experiment("research") # its maker may write to it; everybody else may read

def register(name, tags, content, alias="deploy"):
    with mlflow.start_run() as run:
        os.makedirs("/tmp/mlflow-test-model/inner", exist_ok=True)
        open("/tmp/mlflow-test-model/weights.bin", "w").write(content)
        open("/tmp/mlflow-test-model/inner/MLmodel", "w").write("flavors: {}")
        mlflow.log_artifacts("/tmp/mlflow-test-model", "model")
        source = f"{run.info.artifact_uri}/model"
    try:
        client.create_registered_model(name)
    except mlflow.exceptions.MlflowException:
        pass
    version = client.create_model_version(name, source, run.info.run_id, tags=tags)
    if alias:
        client.set_registered_model_alias(name, alias, version.version)
    return version.version
`;

describe("MLflow's host and the publisher, on a real MLflow and a real PostgreSQL", function () {
  this.timeout(600_000);
  stepwise(); // each step needs the one before it
  const host = new MlflowHost();
  const password = {
    admin: "adminPassword0123456789",
    publisher: "publisherPassword012345",
    trainer: "trainerPassword01234567",
  };
  const users: Record<string, string> = {};
  let script: string;
  let s3: S3Client;
  let secrets: SecretsManagerClient;
  let ssm: SSMClient;
  let rds: RDSClient;
  let databaseSecret = "";
  let tls = "";

  /** Snapshots that the host took; the database's own are none of its business. */
  const snapshots = async () =>
    ((await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots ?? [])
      .map(({ DBSnapshotIdentifier = "" }) => DBSnapshotIdentifier)
      .filter((name) => name.startsWith("db-before-"));

  before(async function () {
    if (missing.length > 0) {
      console.log(`      skipped, as these are missing: ${missing.join("; ")}`);
      return this.skip();
    }
    await host.start();
    const settings = {
      endpoint: host.emulator.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    };
    s3 = new S3Client({ ...settings, forcePathStyle: true });
    secrets = new SecretsManagerClient(settings);
    ssm = new SSMClient(settings);
    rds = new RDSClient(settings);
    for (const Bucket of ["artifacts", "algo-model-deploy"]) await s3.send(new CreateBucketCommand({ Bucket }));
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: "db",
        DBInstanceClass: "db.t4g.medium",
        Engine: "postgres",
        AllocatedStorage: 20,
        MasterUsername: "platform",
        MasterUserPassword: databasePassword,
      }),
    );
    const secret = async (Name: string, value?: object) =>
      (await secrets.send(new CreateSecretCommand({ Name, ...(value ? { SecretString: JSON.stringify(value) } : {}) })))
        .ARN ?? "";
    databaseSecret = await secret("database", { password: databasePassword });
    const admin = await secret("admin", { username: "admin", password: password.admin, sessionKey: "s".repeat(40) });
    tls = await secret("tls");
    for (const name of ["publisher", "trainer"] as const)
      users[name] = await secret(name, { username: name, password: password[name] });
    script = host.script({ database: databaseSecret, admin, tls, users });
  });
  afterEach(function () {
    if (this.currentTest?.state === "failed") console.log(host.log.slice(-4_000));
  });
  after(() => (missing.length > 0 ? undefined : host.stop()));

  it("prepares a new database: the users have one of their own, and no snapshot is needed", async () => {
    await host.word(script, "prepare");
    assert.equal(await host.sql("select count(*) from pg_database where datname = 'mlflow_users'"), "1");
    assert.deepEqual(await snapshots(), []);
  });

  it("makes one certificate for its name, keeps the key in Secrets Manager only, and tells clients", async () => {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: parameter }));
    const certificate = new X509Certificate(Parameter?.Value ?? "");
    assert.equal(certificate.checkHost("mlflow.trading.internal"), "mlflow.trading.internal");
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: tls }));
    const kept = JSON.parse(SecretString ?? "{}") as { key: string; certificate: string };
    assert.match(kept.key, /BEGIN PRIVATE KEY/);
    assert.equal(new X509Certificate(kept.certificate).fingerprint256, certificate.fingerprint256);
    await host.word(script, "refresh");
    const again = (await ssm.send(new GetParameterCommand({ Name: parameter }))).Parameter?.Version;
    assert.equal(again, Parameter?.Version, "the next host takes the same one");
    for (const file of ["pgpass", "tls.key", "admin", "auth.ini"])
      assert.equal(statSync(join(host.folder, "run/mlflow", file)).mode & 0o777, 0o600, file);
    assert.ok(!existsSync(join(host.folder, "run/mlflow", "tls.json")), "no second copy of the key");
  });

  it("serves with users of its own, whose passwords are those of their secrets", async () => {
    await host.serve(script);
    await host.word(script, "users");
    const status = async (user: string, secret: string) =>
      (
        await fetch(`${host.url}/api/2.0/mlflow/registered-models/search`, {
          headers: { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` },
        })
      ).status;
    assert.equal(await status("trainer", password.trainer), 200);
    assert.equal(await status("trainer", "wrong"), 401);
    assert.equal((await fetch(`${host.url}/api/2.0/mlflow/registered-models/search`)).status, 401);
    assert.equal(
      await host.sql("select string_agg(username, ' ' order by username) from users", "mlflow_users"),
      "admin publisher trainer",
    );
    password.trainer = "anotherPassword0123456";
    await secrets.send(
      new PutSecretValueCommand({
        SecretId: users.trainer,
        SecretString: JSON.stringify({ password: password.trainer }),
      }),
    );
    await host.word(script, "users");
    assert.equal(await status("trainer", password.trainer), 200, "a changed secret is the password from then on");
  });

  it("shows no password in a process list or an address", async () => {
    const address = readFileSync(join(host.folder, "run/mlflow/auth.ini"), "utf8");
    assert.ok(!address.includes(databasePassword));
    const { execFileSync } = await import("node:child_process");
    const processes = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    for (const value of [databasePassword, ...Object.values(password)]) assert.ok(!processes.includes(value));
  });

  it("stores artifacts through the server in its part of the bucket", async () => {
    const version = await host.python(
      `${register}\nprint(register("lstm", {"type": "momentum", "symbol": "AAPL", "outer": "3", "inner": "12"}, "weights one"))`,
      "trainer",
      password.trainer,
    );
    assert.match(version, /^1$/m);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "artifacts" }));
    assert.ok(Contents.length >= 2);
    assert.ok(Contents.every(({ Key }) => Key?.startsWith("mlflow/")));
  });

  describe("publishing", () => {
    const deployed = async () =>
      (
        (await s3.send(new ListObjectsV2Command({ Bucket: "algo-model-deploy", Prefix: "models/" }))).Contents ?? []
      ).map(({ Key = "" }) => Key);
    const text = async (Key: string) =>
      (await s3.send(new GetObjectCommand({ Bucket: "algo-model-deploy", Key }))).Body?.transformToString();
    /** The models that a deployment would find. */
    const models = async () => {
      const catalog = new CatalogBuilder("models/");
      for (const key of await deployed()) catalog.add(key);
      return catalog.build("test");
    };
    const publish = () => makeHandler({ s3, secrets, ssm })();
    const key = "models/momentum/AAPL/lstm-outer_3_inner_12";

    before(() => {
      Object.assign(process.env, {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        POWERTOOLS_METRICS_DISABLED: "true",
        POWERTOOLS_METRICS_NAMESPACE: "Test",
        POWERTOOLS_SERVICE_NAME: "mlflow",
        MLFLOW_URL: host.url,
        MLFLOW_SECRET: users.publisher,
        MLFLOW_CA_PARAMETER: parameter,
        ARTIFACTS: "s3://artifacts/mlflow/",
        DEPLOY_BUCKET: "algo-model-deploy",
        DEPLOY_PREFIX: "models/",
        RECORD_KEY: "published/mlflow.json",
        ALIAS: "deploy",
      });
    });

    it("puts an aliased version where the fleet looks, and leaves others' models alone", async () => {
      await s3.send(
        new PutObjectCommand({ Bucket: "algo-model-deploy", Key: "models/pairs/ZM/arima-outer_1_inner_1", Body: "x" }),
      );
      assert.deepEqual(await publish(), { published: [key], removed: [], unchanged: 0, rejected: [] });
      const { accepted, rejected } = await models();
      assert.deepEqual(rejected, []);
      assert.deepEqual(
        accepted.map(({ key: one, artifact }) => [one, artifact]),
        [
          [key, "folder"],
          ["models/pairs/ZM/arima-outer_1_inner_1", "object"],
        ],
      );
      assert.deepEqual(await deployed(), [
        `${key}/inner/MLmodel`,
        `${key}/weights.bin`,
        "models/pairs/ZM/arima-outer_1_inner_1",
      ]);
      assert.equal(await text(`${key}/weights.bin`), "weights one");
      assert.deepEqual((await publish()).unchanged, 1);
    });

    it("follows the alias to another version, and another model to another key", async () => {
      await host.python(
        `${register}
register("lstm", {"type": "momentum", "symbol": "AAPL", "outer": "3", "inner": "12"}, "weights two")
register("gru-btc", {"type": "crypto", "symbol": "BTC-USD", "model": "gru", "outer": "0", "inner": "1"}, "gru")
register("draft", {"type": "momentum", "symbol": "AAPL", "outer": "1", "inner": "1"}, "draft", alias="candidate")`,
        "trainer",
        password.trainer,
      );
      const { published } = await publish();
      assert.deepEqual(published.sort(), ["models/crypto/BTC-USD/gru-outer_0_inner_1", key]);
      assert.equal(await text(`${key}/weights.bin`), "weights two");
      assert.equal((await models()).accepted.length, 3);
    });

    it("says what cannot be deployed, and keeps what trades", async () => {
      await host.python(
        `${register}
register("gru-btc", {"type": "crypto", "symbol": "BTC-USD", "model": "gru", "outer": "first", "inner": "1"}, "gru")
register("untagged", {}, "x")`,
        "trainer",
        password.trainer,
      );
      const { published, removed, rejected } = await publish();
      assert.deepEqual([published, removed], [[], []]);
      assert.deepEqual(rejected.map(({ name, reason }) => [name, reason.slice(0, 40)]).sort(), [
        ["gru-btc", 'makes the key "models/crypto/BTC-USD/gru'],
        ["untagged", "has no tag type, symbol, outer, inner"],
      ]);
      assert.ok((await deployed()).includes("models/crypto/BTC-USD/gru-outer_0_inner_1/weights.bin"));
    });

    it("removes a model whose alias is taken away, and only that", async () => {
      await host.python(
        `${register}
client.delete_registered_model_alias("lstm", "deploy")
client.delete_registered_model_alias("untagged", "deploy")`,
        "trainer",
        password.trainer,
      );
      const { removed } = await publish();
      assert.deepEqual(removed, [key]);
      assert.ok((await deployed()).includes("models/pairs/ZM/arima-outer_1_inner_1"));
      assert.ok(!(await deployed()).some((one) => one.startsWith(key)));
      assert.deepEqual(Object.keys(JSON.parse((await text("published/mlflow.json")) ?? "{}") as object), [
        "models/crypto/BTC-USD/gru-outer_0_inner_1",
      ]);
    });

    it("removes nothing where the registry has lost every alias", async () => {
      await host.python(
        `${register}\nclient.delete_registered_model_alias("gru-btc", "deploy")`,
        "trainer",
        password.trainer,
      );
      await assert.rejects(publish(), /No model carries the alias any more, and 1 were published: nothing is removed/);
      assert.ok((await deployed()).includes("models/crypto/BTC-USD/gru-outer_0_inner_1/weights.bin"));
    });

    it("tells of a server that refuses it", async () => {
      const SecretId = users.publisher;
      await secrets.send(
        new PutSecretValueCommand({
          SecretId,
          SecretString: JSON.stringify({ username: "publisher", password: "wrong" }),
        }),
      );
      await assert.rejects(publish(), /MLflow answered registered-models\/search with 401/);
    });
  });

  // A block of its own: Mocha runs the tests of a block before the blocks in it.
  describe("upgrading", () => {
    it("upgrades an older schema, after a snapshot, and nothing twice", async () => {
      await host.stopServer();
      const newest = await host.sql("select version_num from alembic_version");
      await host.word(script, "prepare");
      assert.deepEqual(await snapshots(), [], "up to date: no snapshot");
      await host.sql("drop schema public cascade");
      await host.sql("create schema public");
      const older = (
        await host.python(
          `
import os, sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
uri = os.environ["TEST_DATABASE"]
engine = sqlalchemy.create_engine(uri)
Base.metadata.create_all(engine)
config = _get_alembic_config(uri)
older = ScriptDirectory.from_config(config).get_revision("head").down_revision
with engine.begin() as connection:
    config.attributes["connection"] = connection
    command.upgrade(config, older)
print(older, end="")`.replace('os.environ["TEST_DATABASE"]', JSON.stringify(host.address)),
          "none",
          "none",
        )
      ).trim();
      assert.equal(await host.sql("select version_num from alembic_version"), older);
      const said = await host.word(script, "prepare");
      assert.match(said, new RegExp(`the schema goes from ${older} to ${newest}, after snapshot db-before-${newest}`));
      assert.equal(await host.sql("select version_num from alembic_version"), newest);
      assert.deepEqual(await snapshots(), [`db-before-${newest}`]);
      assert.doesNotMatch(await host.word(script, "prepare"), /the schema goes/);
    });
  });
});
