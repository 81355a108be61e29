import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  PutCompositeAlarmCommand,
} from "@aws-sdk/client-cloudwatch";
import { DeleteLaunchTemplateCommand, DescribeAvailabilityZonesCommand, EC2Client } from "@aws-sdk/client-ec2";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { interpreterOf, missingPins, readPins } from "../../plan/python";

const credentials = { accessKeyId: "test", secretAccessKey: "test" };

describe("the emulated AWS", () => {
  let emulator: Emulator;

  before(async function () {
    this.timeout(300_000); // the Python environment is made when it is missing
    emulator = await startEmulator({ honourEndpoint: false });
  });

  after(() => emulator.stop());

  it("answers AWS's own client, and knows the Chicago Local Zone", async () => {
    const ec2 = new EC2Client({
      endpoint: emulator.endpoint,
      region: "us-east-1",
      credentials,
    });
    const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
    const chicago = AvailabilityZones.find(({ ZoneName }) => ZoneName === "us-east-1-chi-2a");
    assert.equal(chicago?.ZoneType, "local-zone");
    assert.ok(AvailabilityZones.filter(({ ZoneType }) => ZoneType === "availability-zone").length >= 3);
  });

  it("misses a launch template that is gone by the error that AWS has for its id", async () => {
    const ec2 = new EC2Client({ endpoint: emulator.endpoint, region: "us-east-1", credentials });
    await assert.rejects(ec2.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: "lt-0123456789abcdef0" })), {
      name: "InvalidLaunchTemplateId.NotFound",
    });
  });

  it("keeps composite alarms apart from metric alarms, with the one that silences them", async () => {
    const client = new CloudWatchClient({ endpoint: emulator.endpoint, region: "us-east-1", credentials });
    const given = { AlarmName: "page", AlarmRule: 'ALARM("cpu")', ActionsSuppressor: "cpu" };
    const waits = { ActionsSuppressorWaitPeriod: 120, ActionsSuppressorExtensionPeriod: 180 };
    await client.send(new PutCompositeAlarmCommand({ ...given, ...waits }));
    const look = async (kind: "CompositeAlarm" | "MetricAlarm") =>
      client.send(new DescribeAlarmsCommand({ AlarmNames: ["page"], AlarmTypes: [kind] }));
    const { CompositeAlarms: [found] = [] } = await look("CompositeAlarm");
    assert.deepEqual({ ...found, ...given, ...waits }, found);
    assert.equal((await look("MetricAlarm")).MetricAlarms?.length ?? 0, 0);
    await client.send(new DeleteAlarmsCommand({ AlarmNames: ["page"] }));
    assert.equal((await look("CompositeAlarm")).CompositeAlarms?.length ?? 0, 0);
  });

  it("takes the endpoint of the environment instead, and leaves that server alone", async () => {
    const before = process.env.AWS_ENDPOINT_URL;
    process.env.AWS_ENDPOINT_URL = "http://localhost:1";
    try {
      const given = await startEmulator();
      assert.deepEqual([given.endpoint, given.processId], ["http://localhost:1", undefined]);
      await given.stop();
    } finally {
      if (before === undefined) delete process.env.AWS_ENDPOINT_URL;
      else process.env.AWS_ENDPOINT_URL = before;
    }
  });

  it("ends its server on stop", async () => {
    const second = await startEmulator({ honourEndpoint: false });
    assert.notEqual(second.endpoint, emulator.endpoint);
    await second.stop();
    await assert.rejects(fetch(second.endpoint));
  });
});

describe("the emulator's Python environment", () => {
  it("reads exact pins, without extras and comments", () => {
    assert.deepEqual(readPins("# why\nmoto[server,all]==5.2.5\ncbor2==6.2.1\n\nloose>=1\n"), [
      { name: "moto", version: "5.2.5" },
      { name: "cbor2", version: "6.2.1" },
    ]);
  });

  it("misses what is absent or of another version, however the name is written", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "environment-"));
    const pins = readPins("moto==5.2.5\nWerkzeug==3.1.9\ncbor2==6.2.1");
    assert.deepEqual(missingPins(folder, pins), pins, "no interpreter: everything is missing");
    const packages = path.join(folder, "lib", "python3.12", "site-packages");
    mkdirSync(path.dirname(interpreterOf(folder)), { recursive: true });
    writeFileSync(interpreterOf(folder), "");
    for (const name of ["moto-5.2.4", "werkzeug-3.1.9", "cbor2-6.2.1"]) {
      mkdirSync(path.join(packages, `${name}.dist-info`), { recursive: true });
    }
    assert.deepEqual(missingPins(folder, pins), [{ name: "moto", version: "5.2.5" }]);
    rmSync(folder, { recursive: true });
  });
});
