import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import {
  awsStub,
  freePort,
  isRoot,
  missing,
  Node,
  pendingPassword,
  pgBin,
  python,
  run,
  tlsInFront,
  until,
  user,
} from "./timescale-support";

/**
 * The node's own program, on real PostgreSQL and pgBackRest: two nodes on this machine, the repository in an S3 API (moto)
 * behind TLS, the AWS command line replaced by a file store. Only systemd, the volume and the extension are left out.
 */
/** Rows and a checksum over all of them. */
const contents = "select count(*) || ' ' || md5(string_agg(id || ':' || price, ',' order by id)) from ticks";

const title = missing.length > 0 ? ` (skipped: this machine lacks ${missing.join(", ")})` : "";

describe(`timescale-node on real PostgreSQL and pgBackRest${title}`, function () {
  this.timeout(300_000);
  let place = "";
  let moto: ChildProcess | undefined;
  let tls: Server | undefined;
  let a: Node;
  let b: Node;

  before(async function () {
    if (missing.length > 0) return this.skip();
    place = mkdtempSync(join(tmpdir(), "timescale-"));
    for (const folder of ["bin", "store", "a", "b", "a/sockets", "b/sockets", "a/log", "b/log"])
      mkdirSync(join(place, folder));
    writeFileSync(join(place, "bin/aws"), awsStub);
    chmodSync(join(place, "bin/aws"), 0o755);
    await run("openssl", [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=localhost",
      "-keyout",
      join(place, "key"),
      "-out",
      join(place, "cert"),
    ]);
    const motoPort = await freePort();
    moto = spawn(python, ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(motoPort)], { stdio: "ignore" });
    await until("moto answers", async () => (await fetch(`http://127.0.0.1:${motoPort}/moto-api/`)).ok);
    await fetch(`http://127.0.0.1:${motoPort}/archive-bucket`, {
      method: "PUT",
      headers: {
        Authorization:
          "AWS4-HMAC-SHA256 Credential=t/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=t",
      },
    });
    tls = await tlsInFront(
      motoPort,
      readFileSync(join(place, "key"), "utf8"),
      readFileSync(join(place, "cert"), "utf8"),
    );
    const s3Port = (tls.address() as AddressInfo).port;
    writeFileSync(join(place, "store/tuning"), "shared_buffers = '32MB'\nwork_mem = '8MB'\nmax_connections = '40'\n");
    a = new Node("a", await freePort(), place);
    b = new Node("b", await freePort(), place);
    for (const node of [a, b]) {
      const repository = [
        "repo1-type=s3",
        "repo1-path=/repository",
        "repo1-s3-bucket=archive-bucket",
        "repo1-s3-region=us-east-1",
        "repo1-s3-endpoint=localhost",
        "repo1-s3-uri-style=path",
        "repo1-s3-key=t",
        "repo1-s3-key-secret=t",
        "repo1-storage-host=127.0.0.1",
        `repo1-storage-port=${s3Port}`,
        "repo1-storage-verify-tls=n",
        `lock-path=${node.directory}/lock`,
      ];
      const settings: Record<string, string> = {
        NODE: node.name,
        PEER: node.name === "a" ? "b" : "a",
        ADDRESS: "127.0.0.1",
        PG_BIN: pgBin ?? "",
        PG_USER: user,
        PG_DATA: join(node.directory, "data"),
        PG_PORT: String(node.port),
        PG_SOCKETS: join(node.directory, "sockets"),
        STANZA: "market",
        BACKREST_CONF: join(node.directory, "etc/pgbackrest.conf"),
        BACKREST_REPO: repository.join("\n"),
        RETENTION_DAYS: "30",
        ARCHIVE_TIMEOUT: "60",
        MARKS_URI: "s3://archive-bucket/marks",
        DB_NAME: "market",
        DB_OWNER: "owner",
        CLIENT_CIDR: "127.0.0.1/32",
        MASTER_SECRET: "master",
        REPLICATION_SECRET: "replication",
        TUNING_PARAMETER: "/tuning",
        TIMESCALE: "0",
        FENCE_SECONDS: "30",
        STANDBY_TRIES: "1",
      };
      const text = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'\n`);
      writeFileSync(join(node.directory, "node.env"), text.join(""));
    }
    if (isRoot) await run("chown", ["-R", "postgres:", place]);
    chmodSync(place, 0o755);
    await a.run("start");
    await a.ask("create table ticks (id bigint primary key, price numeric)");
    await a.ask("insert into ticks select n, n * 1.5 from generate_series(1, 10000) n");
  });

  after(async () => {
    if (!place) return;
    for (const node of [a, b]) await node.run("stop").catch(() => "");
    tls?.close();
    tls?.closeAllConnections();
    moto?.kill();
    if (!process.env.KEEP) rmSync(place, { recursive: true, force: true });
  });

  it("starts the first node as primary with the deployment's parameters, TLS and archiving", async () => {
    assert.match(await a.run("status"), /node a, leader a\nprimary/);
    assert.equal(await a.ask("select setting || unit from pg_settings where name = 'shared_buffers'"), "40968kB");
    assert.equal(await a.ask("show work_mem"), "8MB");
    assert.equal(await a.ask("select version from pg_stat_ssl where pid = pg_backend_pid()"), "TLSv1.3");
    assert.equal(await a.ask("show archive_timeout"), "1min");
    assert.equal(await a.ask("show data_checksums"), "on");
  });

  it("lets nobody in without TLS, and the owner is no superuser", async () => {
    await assert.rejects(a.ask("select 1", { sslmode: "disable" }), /no pg_hba.conf entry/);
    assert.equal(await a.ask("select rolsuper from pg_roles where rolname = current_user"), "f");
  });

  it("restores any point in time from the repository, row for row", async () => {
    const good = await a.ask(contents);
    assert.match(good, /^10000 /);
    const time = await a.ask("select clock_timestamp()");
    await new Promise((done) => setTimeout(done, 1100));
    await a.ask("delete from ticks where id % 2 = 0");
    await a.ask("update ticks set price = 0");
    // The WAL up to now must be in the repository; the archiver runs at its own pace.
    await a.run("backup", "diff");
    const copy = join(place, "a/restored");
    await a.run("restore", time, copy);
    const port = await freePort();
    const ctl = [join(pgBin ?? "", "pg_ctl"), "-D", copy, "-w"];
    const as = isRoot ? ["runuser", "-u", "postgres", "--"] : ["env"];
    await run(as[0]!, [
      ...as.slice(1),
      ...ctl,
      "-o",
      `-p ${port} -c archive_mode=off -c unix_socket_directories=${place}/b/sockets`,
      "-l",
      join(place, "a/restored.log"),
      "start",
    ]);
    try {
      await until("the copy takes writes", async () => (await a.ask("select pg_is_in_recovery()", { port })) === "f");
      assert.equal(await a.ask(contents, { port }), good);
      assert.match(await a.ask(contents), /^5000 /);
    } finally {
      await run(as[0]!, [...as.slice(1), ...ctl, "-m", "immediate", "stop"]);
      rmSync(copy, { recursive: true, force: true });
    }
  });

  it("starts the second node as a standby from the repository and streams to it", async () => {
    await b.run("start");
    assert.match(await b.run("status"), /node b, leader a\nstandby/);
    await a.ask("insert into ticks select n, 7 from generate_series(20001, 20100) n");
    const expected = await a.ask(contents);
    await until("the standby has the rows", async () => (await b.ask(contents)) === expected);
    assert.equal(await a.ask("select count(*) from ticks"), "5100");
    await assert.rejects(b.ask("delete from ticks"), /read-only transaction/);
  });

  it("answers the load balancer on the primary only", async () => {
    assert.match(await a.run("health"), /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(await b.run("health"), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  });

  it("measures what its alarms watch", async () => {
    const names = (text: string) =>
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(" ")[0]);
    const common = [
      "Up",
      "Connections",
      "ReplicationLagSeconds",
      "ArchiveDelaySeconds",
      "DiskUsedPercent",
      "MemoryUsedPercent",
    ];
    const primary = await a.run("measure");
    assert.deepEqual(names(primary).sort(), [...common, "Standbys", "BackupAgeHours"].sort());
    assert.match(primary, /^Standbys 1$/m);
    assert.match(primary, /^BackupAgeHours 0(\.\d+)?$/m);
    assert.deepEqual(names(await b.run("measure")).sort(), common.sort());
    for (const line of primary.trim().split("\n")) assert.match(line, /^\w+ \d+(\.\d+)?$/);
    await a.run("metrics");
    assert.match(
      readFileSync(join(place, "store/metrics"), "utf8"),
      /MetricName=Up,Value=1,Dimensions=\[\{Name=Database,Value=market\},\{Name=Node,Value=a\}\]/,
    );
  });

  it("takes no step where the marks cannot be read", async () => {
    writeFileSync(join(place, "store/broken"), "");
    try {
      await a.run("check");
      assert.equal(await a.ask("select 1"), "1");
      await assert.rejects(b.run("promote"));
      assert.equal(await b.ask("select pg_is_in_recovery()"), "t");
    } finally {
      rmSync(join(place, "store/broken"));
    }
  });

  it("promotes the standby only after the former primary stepped down, and loses no row", async () => {
    const expected = await a.ask(contents);
    let fenced = false;
    const fencing = (async () => {
      await until("the mark names b", () =>
        Promise.resolve(readFileSync(join(place, "store/leader"), "utf8").trim() === "b"),
      );
      assert.equal(await b.ask("select pg_is_in_recovery()"), "t", "b waits while a still answers");
      await a.run("check");
      fenced = true;
    })();
    await b.run("promote");
    await fencing;
    assert.ok(fenced);
    assert.match(await b.run("status"), /node b, leader b\nprimary/);
    assert.match(await a.run("health"), /^HTTP\/1\.1 503/);
    assert.equal(await b.ask(contents), expected);
    await b.ask("insert into ticks values (30001, 8)");
  });

  it("does not let a former primary start, and takes it back as a standby", async () => {
    await assert.rejects(a.run("start"), /this node was primary and b leads now: run 'timescale-node rejoin'/);
    await a.run("rejoin");
    assert.match(await a.run("status"), /node a, leader b\nstandby/);
    const expected = await b.ask(contents);
    await until("a has b's rows", async () => (await a.ask(contents)) === expected);
    await assert.rejects(b.run("promote"), /this node is primary already/);
  });

  it("applies changed parameters that need a restart in its maintenance window", async () => {
    writeFileSync(join(place, "store/tuning"), "shared_buffers = '64MB'\nwork_mem = '8MB'\nmax_connections = '40'\n");
    await b.run("maintain");
    assert.equal(await b.ask("show shared_buffers"), "64MB");
  });

  it("rotates the owner's password on the primary, the standby leaving it to that", async () => {
    assert.match(await a.run("rotate"), /the primary does this/);
    await b.run("rotate");
    await assert.rejects(b.ask("select 1"), /password authentication failed/);
    assert.equal(await b.ask("select 1", { password: pendingPassword }), "1");
    // A log-in with the new password that fails leaves the present one: nobody is locked out until the next try.
    const settings = join(place, "b/node.env"); // the node's own settings
    const before = readFileSync(settings, "utf8");
    writeFileSync(settings, `${before}export ADDRESS=nowhere.invalid\n`);
    await assert.rejects(b.run("rotate"), /a log-in with the new password fails: the present one stays/);
    writeFileSync(settings, before);
    assert.equal(await b.ask("select 1"), "1");
    await b.run("rotate");
    await b.run("maintain"); // whatever happened, the maintenance window sets what the secret says
    assert.equal(await b.ask("select 1"), "1");
  });

  it("restores in place on the leading node after a mistake", async () => {
    const good = await b.ask(contents);
    const time = await b.ask("select clock_timestamp()");
    await new Promise((done) => setTimeout(done, 1100));
    await b.ask("drop table ticks");
    await b.run("backup", "diff");
    await assert.rejects(a.run("restore", time), /only the leading node is restored in place/);
    await b.run("restore", time);
    await until("writes are taken", async () => (await b.ask("select pg_is_in_recovery()")) === "f");
    assert.equal(await b.ask(contents), good);
  });

  it("comes back from the repository when a leader's volume is lost", async () => {
    await b.ask("insert into ticks values (40001, 9)");
    const expected = await b.ask(contents);
    await b.run("backup", "diff");
    await b.run("stop");
    rmSync(join(place, "b/data"), { recursive: true });
    await b.run("start");
    await until("writes are taken", async () => (await b.ask("select pg_is_in_recovery()")) === "f");
    assert.equal(await b.ask(contents), expected);
  });
});
