import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "mocha";
import { mockClient } from "aws-sdk-client-mock";
import {
  DescribeReplicationGroupsCommand,
  ElastiCacheClient,
  ModifyReplicationGroupCommand,
} from "@aws-sdk/client-elasticache";
import {
  CreateDBInstanceCommand,
  DescribeDBInstancesCommand,
  ModifyDBInstanceCommand,
  RDSClient,
} from "@aws-sdk/client-rds";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { ListCommandInvocationsCommand, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
import { NotReady, rotate, until, type RotatedStore } from "../../lambdas/common/rotation";
import { passwordTaken } from "../../lambdas/rotate-database-password/core";
import { database } from "../../lambdas/rotate-database-password/handler";
import { allDone } from "../../lambdas/rotate-node-password/core";
import { nodes } from "../../lambdas/rotate-node-password/handler";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { tokenTaken } from "../../lambdas/rotate-redis-token/core";
import { cache } from "../../lambdas/rotate-redis-token/handler";

const noWait = () => Promise.resolve();
const version = "11111111-2222-3333-4444-555555555555";

describe("rotation on an emulated AWS", () => {
  let emulator: Emulator;
  let secrets: SecretsManagerClient;
  let rds: RDSClient;
  let secretId = "";
  let count = 0;

  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    const { endpoint } = emulator;
    const settings = { endpoint, region: "us-east-1", credentials: { accessKeyId: "t", secretAccessKey: "t" } };
    secrets = new SecretsManagerClient(settings);
    rds = new RDSClient(settings);
  });
  after(async () => {
    secrets.destroy();
    rds.destroy();
    await emulator.stop();
  });
  beforeEach(async () => {
    const SecretString = JSON.stringify({ username: "platform", password: "before" });
    const { ARN } = await secrets.send(new CreateSecretCommand({ Name: `secret-${++count}`, SecretString }));
    secretId = ARN ?? "";
  });

  const current = async () => {
    const { SecretString } = await secrets.send(
      new GetSecretValueCommand({ SecretId: secretId, VersionStage: "AWSCURRENT" }),
    );
    return JSON.parse(SecretString ?? "") as Record<string, string>;
  };
  const step = (store: RotatedStore, Step: string) =>
    rotate(secrets, store, { Step, SecretId: secretId, ClientRequestToken: version });
  const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;
  const recorder = () => {
    const calls: string[][] = [];
    const store: RotatedStore = {
      field: "password",
      length: 40,
      set: (value) => Promise.resolve(void calls.push(["set", value])),
      test: (value) => Promise.resolve(void calls.push(["test", value])),
      finish: (value) => Promise.resolve(void calls.push(["finish", value])),
    };
    return { calls, store };
  };

  it("draws, sets, tests and publishes one value, and keeps the other fields", async () => {
    const { calls, store } = recorder();
    for (const one of steps) await step(store, one);
    const after = await current();
    assert.match(after.password ?? "", /^[A-Za-z0-9]{40}$/);
    assert.equal(after.username, "platform");
    assert.deepEqual(calls, [
      ["set", after.password],
      ["test", after.password],
      ["finish", after.password],
    ]);
  });

  it("leaves clients with the old value until the store was tested", async () => {
    const { store } = recorder();
    for (const one of steps.slice(0, 3)) {
      await step(store, one);
      assert.equal((await current()).password, "before", one);
    }
  });

  it("repeats every step without drawing another value", async () => {
    const { calls, store } = recorder();
    for (const one of steps) {
      await step(store, one);
      await step(store, one);
    }
    assert.equal(new Set(calls.map(([, value]) => value)).size, 1);
    const { VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
    assert.equal(Object.values(VersionIdsToStages ?? {}).filter((stages) => stages.includes("AWSCURRENT")).length, 1);
  });

  it("changes nothing when the store refuses", async () => {
    const { store } = recorder();
    const refusing: RotatedStore = { ...store, set: () => Promise.reject(new Error("refused")) };
    await step(refusing, "createSecret");
    await assert.rejects(step(refusing, "setSecret"), /refused/);
    assert.equal((await current()).password, "before");
  });

  it("refuses versions and steps that Secrets Manager did not announce", async () => {
    const { store } = recorder();
    await assert.rejects(step(store, "setSecret"), /has no version/);
    await step(store, "createSecret");
    await assert.rejects(step(store, "dropSecret"), /no step dropSecret/);
  });

  it("sets the password of a real RDS API's database and waits until it is taken", async () => {
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: `db-${count}`,
        Engine: "postgres",
        DBInstanceClass: "db.t4g.medium",
        AllocatedStorage: 20,
        MasterUsername: "platform",
        MasterUserPassword: "before123",
      }),
    );
    const store = database(rds, `db-${count}`, noWait);
    for (const one of steps) await step(store, one);
    const { DBInstances } = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: `db-${count}` }));
    assert.equal(DBInstances?.[0]?.DBInstanceStatus, "available");
    assert.match((await current()).password ?? "", /^[A-Za-z0-9]{40}$/);
  });
});

describe("stores that rotate", () => {
  it("RDS: waits for a change under way before it asks for another, and for the password to be taken", async () => {
    const rds = mockClient(new RDSClient({ region: "us-east-1" }));
    const answers = ["modifying", "available", "available"].map((DBInstanceStatus) => ({
      DBInstances: [{ DBInstanceStatus }],
    }));
    rds.on(DescribeDBInstancesCommand).resolvesOnce(answers[0]!).resolvesOnce(answers[1]!).resolves(answers[2]!);
    rds.on(ModifyDBInstanceCommand).resolves({});
    await database(rds as unknown as RDSClient, "db", noWait).set("next");
    const order = rds.calls().map(({ args }) => args[0].constructor.name);
    assert.deepEqual(order, ["DescribeDBInstancesCommand", "DescribeDBInstancesCommand", "ModifyDBInstanceCommand"]);
    assert.deepEqual(rds.commandCalls(ModifyDBInstanceCommand)[0]?.args[0].input, {
      DBInstanceIdentifier: "db",
      MasterUserPassword: "next",
      ApplyImmediately: true,
    });
    assert.equal(
      passwordTaken({ DBInstanceStatus: "available", PendingModifiedValues: { MasterUserPassword: "****" } }),
      false,
    );
    assert.throws(() => passwordTaken(undefined), /the database does not exist/);
  });

  it("Redis: lets both tokens in by ROTATE, and the new one alone by SET after the secret changed", async () => {
    const client = mockClient(new ElastiCacheClient({ region: "us-east-1" }));
    client.on(DescribeReplicationGroupsCommand).resolves({ ReplicationGroups: [{ Status: "available" }] });
    client.on(ModifyReplicationGroupCommand).resolves({});
    const store = cache(client as unknown as ElastiCacheClient, "group", noWait);
    await store.set("next");
    await store.test("next");
    await store.finish?.("next");
    const strategies = client
      .commandCalls(ModifyReplicationGroupCommand)
      .map(({ args }) => [
        args[0].input.AuthTokenUpdateStrategy,
        args[0].input.AuthToken,
        args[0].input.ApplyImmediately,
      ]);
    assert.deepEqual(strategies, [
      ["ROTATE", "next", true],
      ["SET", "next", true],
    ]);
    assert.equal(tokenTaken({ Status: "available", PendingModifiedValues: { AuthTokenStatus: "ROTATING" } }), false);
    assert.equal(tokenTaken({ Status: "modifying" }), false);
    assert.throws(() => tokenTaken(undefined), /the cache does not exist/);
  });

  it("nodes: waits for every node's answer and fails when one failed", async () => {
    const client = new SSMClient({ region: "us-east-1" });
    const ssm = mockClient(client);
    ssm.on(SendCommandCommand).resolves({ Command: { CommandId: "c" } });
    ssm
      .on(ListCommandInvocationsCommand)
      .resolvesOnce({ CommandInvocations: [{ Status: "Success" }, { Status: "InProgress" }] })
      .resolves({ CommandInvocations: [{ Status: "Success" }, { Status: "Success" }] });
    await nodes(client, "rotate", ["i-1", "i-2"], noWait).set("unused");
    assert.equal(ssm.commandCalls(ListCommandInvocationsCommand).length, 2);
    const sent = ssm.commandCalls(SendCommandCommand)[0]?.args[0].input;
    assert.deepEqual([sent?.DocumentName, sent?.InstanceIds, sent?.Parameters], ["rotate", ["i-1", "i-2"], undefined]);
    assert.equal(allDone([]), false);
    assert.throws(
      () => allDone([{ Status: "Success" }, { Status: "Failed", InstanceId: "i-2" }]),
      /the password was not changed on i-2/,
    );
  });

  it("give up with words when a store is never ready", async () => {
    await assert.rejects(
      until("nothing happened", () => Promise.resolve(false), noWait, 8),
      (error: Error) => {
        assert.ok(error instanceof NotReady);
        assert.equal(error.message, "nothing happened after 2 minutes; Secrets Manager tries again");
        return true;
      },
    );
  });
});
