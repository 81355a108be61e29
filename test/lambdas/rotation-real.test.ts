import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, beforeEach, describe, it } from "mocha";
import { mockClient } from "aws-sdk-client-mock";
import pg from "pg";
import {
  DescribeReplicationGroupsCommand,
  ElastiCacheClient,
  ModifyReplicationGroupCommand,
} from "@aws-sdk/client-elasticache";
import { DescribeDBInstancesCommand, ModifyDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { rotate, type RotatedStore } from "../../lambdas/common/rotation";
import { database } from "../../lambdas/rotate-database-password/handler";
import { cache } from "../../lambdas/rotate-redis-token/handler";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { hostile } from "../support/hostile";

// Secrets Manager is moto's; the servers are real ones. Only the API calls by which AWS changes a password stand for
// themselves: they do to the server what RDS and ElastiCache do.

const run = promisify(execFile);
const noWait = () => Promise.resolve();
const steps = ["createSecret", "setSecret", "testSecret", "finishSecret"] as const;

/** Values that a person may have made up. */
const oddValues = [...hostile, String.raw`it's "quoted" \ and :name $HOME`, "% \t#;&|<>"];

const freePort = () =>
  new Promise<number>((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });

class Secret {
  private count = 0;
  private id = "";
  constructor(private readonly secrets: SecretsManagerClient) {}

  async renew(fields: Record<string, string>) {
    const SecretString = JSON.stringify(fields);
    const { ARN } = await this.secrets.send(new CreateSecretCommand({ Name: `real-${++this.count}`, SecretString }));
    this.id = ARN ?? "";
  }
  /** A pending version that a person made up, as Secrets Manager keeps it for the steps after the first. */
  async makeUp(fields: Record<string, string>) {
    const [SecretString, VersionStages] = [JSON.stringify(fields), ["AWSPENDING"]];
    const put = { SecretId: this.id, ClientRequestToken: this.version, SecretString, VersionStages };
    await this.secrets.send(new PutSecretValueCommand(put));
  }
  private get version(): string {
    return `11111111-2222-3333-4444-${String(this.count).padStart(12, "0")}`;
  }
  async value(field: string, stage = "AWSCURRENT"): Promise<string> {
    const { SecretString } = await this.secrets.send(
      new GetSecretValueCommand({ SecretId: this.id, VersionStage: stage }),
    );
    return (JSON.parse(SecretString ?? "{}") as Record<string, string>)[field] ?? "";
  }
  step(store: RotatedStore, Step: string) {
    return rotate(this.secrets, store, { Step, SecretId: this.id, ClientRequestToken: this.version });
  }
}

describe("rotation on real servers", function () {
  this.timeout(120_000);
  let emulator: Emulator;
  let client: SecretsManagerClient;
  let secret: Secret;

  before(async () => {
    emulator = await startEmulator({ honourEndpoint: false });
    const credentials = { accessKeyId: "t", secretAccessKey: "t" };
    client = new SecretsManagerClient({ endpoint: emulator.endpoint, region: "us-east-1", credentials });
    secret = new Secret(client);
  });
  after(async () => {
    client.destroy();
    await emulator.stop();
  });

  describe("PostgreSQL with a replica", () => {
    const place = mkdtempSync(join(tmpdir(), "rotation-pg-"));
    const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
    const bin = join("/usr/lib/postgresql", versions.toSorted((a, b) => Number(b) - Number(a))[0] ?? "", "bin");
    const isRoot = process.getuid?.() === 0;
    const call = (tool: string, ...args: string[]) =>
      isRoot
        ? run("runuser", ["-u", "postgres", "--", join(bin, tool), ...args], { cwd: place })
        : run(join(bin, tool), args, { cwd: place });
    const ports = { primary: 0, replica: 0 };
    type Server = keyof typeof ports;
    const start = (server: Server) =>
      call(
        "pg_ctl",
        ...["-D", join(place, server), "-w", "-l", join(place, `${server}.log`)],
        ...["-o", `-p ${ports[server]} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${place} -c fsync=off`],
        "start",
      );

    before(async function () {
      if (versions.length === 0) return this.skip();
      if (isRoot) chownSync(place, Number((await run("id", ["-u", "postgres"])).stdout), -1);
      ports.primary = await freePort();
      ports.replica = await freePort();
      await call("initdb", "-D", join(place, "primary"), "-U", "postgres", "-A", "trust", "--no-sync");
      await start("primary");
      await asSuperuser("CREATE ROLE platform LOGIN");
      await call(
        "pg_basebackup",
        ...["-D", join(place, "replica"), "-h", place, "-p", String(ports.primary), "-U", "postgres", "-R"],
      );
      // Passwords for everybody who comes by the network; replication and this test come by the socket.
      for (const server of ["primary", "replica"]) {
        const rules = "local all all trust\nlocal replication all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        await run("sh", ["-c", `printf '%b' '${rules}' > ${join(place, server, "pg_hba.conf")}`]);
      }
      await call("pg_ctl", "-D", join(place, "primary"), "reload");
      await start("replica");
    });
    after(async () => {
      for (const server of ["replica", "primary"])
        await call("pg_ctl", "-D", join(place, server), "-m", "immediate", "stop").catch(() => undefined);
      rmSync(place, { recursive: true, force: true });
    });

    const connect = async (settings: pg.ClientConfig) => {
      const connection = new pg.Client({ database: "postgres", ...settings });
      connection.on("error", () => undefined);
      await connection.connect();
      return connection;
    };
    async function asSuperuser(sql: string, server: Server = "primary") {
      const connection = await connect({ host: place, port: ports[server], user: "postgres" });
      try {
        return (await connection.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await connection.end();
      }
    }
    /** True where the password opens the server. */
    async function opens(password: string, server: Server = "primary"): Promise<boolean> {
      try {
        await (await connect({ host: "127.0.0.1", port: ports[server], user: "platform", password })).end();
        return true;
      } catch (error) {
        assert.match(String(error), /password authentication failed/);
        return false;
      }
    }
    /** The replica has replayed all that the primary wrote. */
    async function caughtUp() {
      const [row] = await asSuperuser("SELECT pg_current_wal_lsn()::text AS lsn");
      for (let attempt = 0; attempt < 200; attempt++) {
        const [it] = await asSuperuser(`SELECT pg_last_wal_replay_lsn() >= '${String(row?.lsn)}' AS done`, "replica");
        if (it?.done === true) return;
        await new Promise((done) => setTimeout(done, 50));
      }
      throw new Error("the replica does not follow");
    }

    /** RDS's two calls, as RDS behaves at the moment. */
    function rds(behaviour: { status?: string; refuse?: boolean; silent?: boolean } = {}) {
      const api = new RDSClient({ region: "us-east-1" });
      const mock = mockClient(api);
      let resetting = false;
      mock.on(DescribeDBInstancesCommand).callsFake(() => {
        if (behaviour.silent === true) throw new Error("Rate exceeded");
        const DBInstanceStatus = resetting ? "resetting-master-credentials" : (behaviour.status ?? "available");
        resetting = false;
        return { DBInstances: [{ DBInstanceStatus }] };
      });
      mock.on(ModifyDBInstanceCommand).callsFake(async (input: { MasterUserPassword: string }) => {
        if (behaviour.refuse === true) throw new Error("InvalidDBInstanceState");
        await asSuperuser(`ALTER ROLE platform PASSWORD ${pg.escapeLiteral(input.MasterUserPassword)}`);
        resetting = true;
        return {};
      });
      return database(api, "db", noWait);
    }

    beforeEach(async () => {
      await asSuperuser("ALTER ROLE platform PASSWORD 'before'");
      await secret.renew({ username: "platform", password: "before" });
    });

    it("opens with what the secret says before and after, on the replica too, and cuts no open connection", async () => {
      const open = await connect({ host: "127.0.0.1", port: ports.primary, user: "platform", password: "before" });
      try {
        const store = rds();
        await secret.step(store, "createSecret");
        assert.deepEqual(
          [await opens("before"), await opens(await secret.value("password", "AWSPENDING"))],
          [true, false],
        );
        for (const step of steps.slice(1)) await secret.step(store, step);
        const next = await secret.value("password");
        assert.notEqual(next, "before");
        assert.deepEqual([await opens("before"), await opens(next)], [false, true]);
        await caughtUp();
        assert.deepEqual([await opens("before", "replica"), await opens(next, "replica")], [false, true]);
        assert.equal((await asSuperuser("SELECT state FROM pg_stat_replication"))[0]?.state, "streaming");
        assert.equal((await open.query<{ one: number }>("SELECT 1 AS one")).rows[0]?.one, 1);
      } finally {
        await open.end();
      }
    });

    it("carries a password of any characters as it is, and every other field of the secret with it", async () => {
      for (const odd of oddValues) {
        const other = Object.fromEntries([...hostile.entries()].map(([index, name]) => [name, `${index}${name}`]));
        await secret.renew({ ...other, username: odd, password: "before" });
        const store = rds();
        await secret.step(store, "createSecret");
        for (const [name, value] of Object.entries(other)) assert.equal(await secret.value(name, "AWSPENDING"), value);
        await secret.renew({ username: odd, password: "before" });
        await secret.makeUp({ username: odd, password: odd });
        for (const step of steps) await secret.step(store, step);
        assert.deepEqual([await secret.value("password"), await secret.value("username")], [odd, odd]);
        assert.equal(await opens(odd), true, odd);
        await asSuperuser("ALTER ROLE platform PASSWORD 'before'");
      }
    });

    it("leaves the old password alone when RDS refuses the change", async () => {
      const store = rds({ refuse: true });
      await secret.step(store, "createSecret");
      await assert.rejects(secret.step(store, "setSecret"), /InvalidDBInstanceState/);
      assert.equal(await secret.value("password"), "before");
      assert.equal(await opens("before"), true);
    });

    it("puts the old password back when the change was taken but cannot be proved, and succeeds at the next try", async () => {
      const behaviour = { silent: false };
      const store = rds(behaviour);
      for (const step of steps.slice(0, 2)) await secret.step(store, step);
      const next = await secret.value("password", "AWSPENDING");
      assert.deepEqual([await opens("before"), await opens(next)], [false, true]);
      behaviour.silent = true;
      await assert.rejects(secret.step(store, "testSecret"), /Rate exceeded/);
      assert.equal(await secret.value("password"), "before");
      assert.deepEqual([await opens("before"), await opens(next)], [true, false]);
      const again = rds();
      for (const step of steps) await secret.step(again, step);
      assert.deepEqual([await secret.value("password"), await opens(next), await opens("before")], [next, true, false]);
    });

    it("goes on while RDS optimises grown storage, which takes hours", async () => {
      const store = rds({ status: "storage-optimization" });
      for (const step of steps) await secret.step(store, step);
      assert.equal(await opens(await secret.value("password")), true);
    });
  });

  describe("Redis", () => {
    let server: ChildProcess | undefined;
    let port = 0;
    const cli = async (token: string, ...words: string[]) => {
      const options = ["-p", String(port), "--no-auth-warning", "-a", token, ...words];
      return (await run("redis-cli", options)).stdout.trim();
    };
    const admin = (...words: string[]) =>
      run("redis-cli", ["-p", String(port), "--user", "admin", "--pass", "root", ...words]);
    const opens = async (token: string) => (await cli(token, "PING")) === "PONG";

    before(async function () {
      if (!existsSync("/usr/bin/redis-server")) return this.skip();
      port = await freePort();
      const all = ["~*", "&*", "+@all"];
      const users = ["--user", "default", "on", ">before", ...all, "--user", "admin", "on", ">root", ...all];
      server = spawn("redis-server", ["--port", String(port), "--save", "", "--appendonly", "no", ...users]);
      for (let attempt = 0; attempt < 100; attempt++) {
        const answer = await run("redis-cli", ["-p", String(port), "PING"]).catch(() => undefined);
        if (answer?.stdout.includes("NOAUTH") === true) return;
        await new Promise((done) => setTimeout(done, 50));
      }
      throw new Error("Redis did not start");
    });
    after(() => server?.kill());

    /** ElastiCache's change: ROTATE adds a token beside those that are valid, SET leaves it alone. */
    function elasticache(failing = false) {
      const api = new ElastiCacheClient({ region: "us-east-1" });
      const mock = mockClient(api);
      mock.on(DescribeReplicationGroupsCommand).resolves({ ReplicationGroups: [{ Status: "available" }] });
      mock
        .on(ModifyReplicationGroupCommand)
        .callsFake(
          async ({ AuthToken, AuthTokenUpdateStrategy }: { AuthToken: string; AuthTokenUpdateStrategy: string }) => {
            if (failing) throw new Error("InvalidReplicationGroupState");
            const words = AuthTokenUpdateStrategy === "SET" ? ["resetpass", `>${AuthToken}`] : [`>${AuthToken}`];
            await admin("ACL", "SETUSER", "default", ...words);
            return {};
          },
        );
      return cache(api, "group", noWait);
    }

    beforeEach(async () => {
      await admin("ACL", "SETUSER", "default", "resetpass", ">before");
      await secret.renew({ authToken: "before", port: "6379" });
    });

    it("lets both tokens in until the secret names the new one, then the new one alone", async () => {
      const store = elasticache();
      await secret.step(store, "createSecret");
      const next = await secret.value("authToken", "AWSPENDING");
      assert.deepEqual([await opens("before"), await opens(next)], [true, false]);
      for (const step of ["setSecret", "testSecret"]) {
        await secret.step(store, step);
        assert.deepEqual(
          [await opens("before"), await opens(next), await secret.value("authToken")],
          [true, true, "before"],
        );
      }
      await secret.step(store, "finishSecret");
      assert.deepEqual(
        [await opens("before"), await opens(next), await secret.value("authToken")],
        [false, true, next],
      );
    });

    it("keeps both valid when the last step fails, and shuts the old one out at the next try", async () => {
      const store = elasticache();
      for (const step of steps.slice(0, 3)) await secret.step(store, step);
      await assert.rejects(secret.step(elasticache(true), "finishSecret"), /InvalidReplicationGroupState/);
      const next = await secret.value("authToken");
      assert.deepEqual([await opens("before"), await opens(next)], [true, true]);
      await secret.step(store, "finishSecret");
      assert.deepEqual([await opens("before"), await opens(next)], [false, true]);
    });

    it("carries a token of any characters as it is", async () => {
      for (const odd of oddValues) {
        await secret.renew({ authToken: "before", port: "6379" });
        await secret.makeUp({ authToken: odd, port: "6379" });
        const store = elasticache();
        for (const step of steps) await secret.step(store, step);
        assert.deepEqual([await secret.value("authToken"), await opens(odd)], [odd, true], odd);
        await admin("ACL", "SETUSER", "default", "resetpass", ">before");
      }
    });

    it("leaves the old token alone when ElastiCache refuses the change", async () => {
      const store = elasticache(true);
      await secret.step(store, "createSecret");
      await assert.rejects(secret.step(store, "setSecret"), /InvalidReplicationGroupState/);
      assert.deepEqual([await opens("before"), await secret.value("authToken")], [true, "before"]);
    });
  });
});
