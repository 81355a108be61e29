import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { spawn } from "node:child_process";
import { decodeUserData } from "../../components/common/user-data";
import { GpuTrainer, agentConfig, trainerBootScript, type GpuTrainerArgs } from "../../components/ml/gpu-trainer";
import type { TrainerSettings } from "../../components/ml/gpu-trainer/check";
import { fileSystemPolicy } from "../../components/ml/gpu-trainer/shared-files";
import { ValidationError } from "../../components/common/validation";
import { validate } from "../../config";
import { register, testCloud } from "../support/program";
import { ScriptFolder, shellcheck } from "../support/stub-commands";

const trainer: TrainerSettings = {
  instanceType: "g4dn.xlarge",
  count: 1,
  spot: false,
  idleMinutes: 30,
  idlePercent: 2,
  rootVolumeGiB: 150,
  saveMinutes: 10,
};
const args: GpuTrainerArgs = {
  cloud: testCloud,
  vpcId: "vpc-1",
  subnets: [{ id: "subnet-a" }, { id: "subnet-b" }],
  trainers: { research: trainer },
  ami: "resolve:ssm:/trading-platform/ami/dev/gpu",
  readBuckets: [{ arn: "arn:aws:s3:::market", kmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/market" }],
  writeBucket: {
    name: "models",
    arn: "arn:aws:s3:::models",
    kmsKeyArn: "arn:aws:kms:us-east-1:123456789012:key/models",
  },
  tags: { project: "trading-platform", component: "gpu" },
  alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:warning",
};
const build = (changes: Partial<GpuTrainerArgs> = {}) => register(() => new GpuTrainer("gpu", { ...args, ...changes }));
const host = "aws:ec2/instance:Instance";
const template = "aws:ec2/launchTemplate:LaunchTemplate";
const portOf = (inputs: Record<string, unknown>) =>
  (inputs.networkInterfaces as { subnetId: string; associatePublicIpAddress: string }[])[0];

describe("GpuTrainer", () => {
  it("lets spot's own role use the volumes' key, or an instance that AWS took back could never start again", async () => {
    const policy = async (spot: boolean) =>
      String((await build({ trainers: { research: { ...trainer, spot } } })).one("aws:kms/key:Key").inputs.policy);
    const { Statement } = JSON.parse(await policy(true)) as { Statement: Record<string, unknown>[] };
    const role = Statement.find(({ Sid }) => Sid === "Spot");
    assert.deepEqual(role?.Principal, {
      AWS: "arn:aws:iam::123456789012:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
    });
    assert.ok((role.Action as string[]).includes("kms:CreateGrant"));
    assert.doesNotMatch(await policy(false), /AWSServiceRoleForEC2Spot/);
  });

  it("starts private, encrypted instances from the pointer, spread over the subnets", async () => {
    const made = await build({ trainers: { research: { ...trainer, count: 3 } } });
    const templates = made.ofType(template).map(({ name, inputs }) => ({ name, inputs, port: portOf(inputs) }));
    assert.deepEqual(
      templates.map(({ name, port }) => [name, port?.subnetId]),
      [
        ["gpu-research-1-template", "subnet-a"],
        ["gpu-research-2-template", "subnet-b"],
        ["gpu-research-3-template", "subnet-a"],
      ],
    );
    for (const { inputs, port } of templates) {
      assert.equal(inputs.imageId, "resolve:ssm:/trading-platform/ami/dev/gpu");
      assert.equal(port?.associatePublicIpAddress, "false");
      assert.equal((inputs.metadataOptions as { httpTokens: string }).httpTokens, "required");
      const [root] = inputs.blockDeviceMappings as { ebs: { encrypted: string } }[];
      assert.equal(root?.ebs.encrypted, "true");
      assert.equal(inputs.instanceMarketOptions, undefined);
    }
    assert.equal(made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").length, 0);
    assert.equal((await build()).one(host).name, "gpu-research");
  });

  it("stops an instance whose GPUs are idle, again each time that it was started", async () => {
    const alarm = (await build()).one("aws:cloudwatch/metricAlarm:MetricAlarm", "-idle").inputs;
    assert.deepEqual(
      [
        alarm.metricName,
        alarm.namespace,
        alarm.comparisonOperator,
        alarm.threshold,
        alarm.period,
        alarm.evaluationPeriods,
      ],
      ["nvidia_smi_utilization_gpu", "TradingPlatform/Gpu", "LessThanThreshold", 2, 60, 30],
    );
    assert.deepEqual(alarm.alarmActions, [args.alarmTopicArn, "arn:aws:automate:us-east-1:ec2:stop"]);
    assert.deepEqual(alarm.okActions, [args.alarmTopicArn]);
    // EC2 acts on a change of state only: silence must leave ALARM, or the second idle time would not stop it.
    assert.equal(alarm.treatMissingData, "missing");
    assert.deepEqual(Object.keys(alarm.dimensions as object), ["InstanceId"]);
    const { metrics } = agentConfig();
    assert.deepEqual(metrics.aggregation_dimensions, [["InstanceId"]]);
    assert.ok(metrics.metrics_collected.nvidia_gpu.measurement.includes("utilization_gpu"));
    const never = await build({ trainers: { research: { ...trainer, idleMinutes: 0 } } });
    assert.deepEqual(
      never.ofType("aws:cloudwatch/metricAlarm:MetricAlarm").map(({ name }) => name),
      ["gpu-research-checks"],
    );
    assert.equal(never.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs.treatMissingData, "notBreaching");
  });

  it("takes spot capacity that stops and starts again, and watches for AWS's notice", async () => {
    const { inputs } = (await build({ trainers: { research: { ...trainer, spot: true } } })).one(template);
    assert.deepEqual(inputs.instanceMarketOptions, {
      marketType: "spot",
      spotOptions: { spotInstanceType: "persistent", instanceInterruptionBehavior: "stop" },
    });
    const script = decodeUserData(String(inputs.userData));
    assert.match(script, /^TRAINER_SPOT='yes'$/m);
    assert.match(script, /^TRAINER_CHECKPOINTS='s3:\/\/models\/checkpoints\/gpu-research\/'$/m);
  });

  it("may write checkpoints and models, and read data, with the buckets' keys through S3 only", async () => {
    const policy = JSON.parse(String((await build()).one("aws:iam/rolePolicy:RolePolicy", "-own").inputs.policy)) as {
      Statement: { Sid: string; Action: string | string[]; Resource: string | string[]; Condition?: unknown }[];
    };
    const by = Object.fromEntries(policy.Statement.map((statement) => [statement.Sid, statement]));
    assert.deepEqual(by.Write?.Resource, ["arn:aws:s3:::models/checkpoints/*", "arn:aws:s3:::models/training/*"]);
    assert.deepEqual(by.Read?.Resource, ["arn:aws:s3:::market/*", "arn:aws:s3:::models/*"]);
    assert.deepEqual(by.Keys?.Condition, { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } });
    assert.ok(!JSON.stringify(policy).includes("Delete"), "nothing is deleted");
  });

  it("shares files by TLS, one access point and its role where asked for", async () => {
    const made = await build({ sharedFiles: true });
    assert.equal(made.one("aws:efs/fileSystem:FileSystem").inputs.encrypted, true);
    assert.equal(made.ofType("aws:efs/mountTarget:MountTarget").length, 2);
    const rule = made.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs;
    assert.deepEqual(
      [rule.fromPort, rule.cidrIpv4, typeof rule.referencedSecurityGroupId],
      [2049, undefined, "string"],
    );
    const [clients, tls] = fileSystemPolicy("fs", "point", "role").Statement;
    assert.deepEqual(clients?.Condition?.StringEquals, { "elasticfilesystem:AccessPointArn": "point" });
    assert.deepEqual([tls?.Effect, tls?.Condition], ["Deny", { Bool: { "aws:SecureTransport": "false" } }]);
    assert.equal((await build()).ofType("aws:efs/fileSystem:FileSystem").length, 0);
  });

  it("refuses types without a GPU, bad names and short idle times, all at once", () => {
    const trainers = {
      Research: trainer,
      cpu: { ...trainer, instanceType: "c7i.xlarge" },
      arm: { ...trainer, instanceType: "g5g.xlarge" },
      metal: { ...trainer, instanceType: "g4dn.metal" },
      hasty: { ...trainer, idleMinutes: 5 },
    };
    assert.throws(
      () => new GpuTrainer("gpu", { ...args, trainers }),
      (error: Error) => {
        assert.ok(error instanceof ValidationError);
        assert.deepEqual(
          error.issues.map(({ path, problem }) => [path, problem]),
          [
            ["trainers.Research", "is not a name for a trainer"],
            ["trainers.cpu.instanceType", "has no NVIDIA GPU that the image's driver serves"],
            ["trainers.arm.instanceType", "has no NVIDIA GPU that the image's driver serves"],
            ["trainers.metal.instanceType", "is of a size whose vCPUs are not known, so no quota can be checked"],
            ["trainers.hasty.idleMinutes", "would stop an instance between two steps of its work"],
          ],
        );
        return true;
      },
    );
  });

  it("needs a bucket for checkpoints", () => {
    const raw = { stage: "dev", owner: "ml", network: {}, data: {}, gpu: { trainers: { research: {} } } };
    const base = { project: "p", organization: "o", stack: "test" };
    assert.throws(
      () => validate(base, raw, "us-east-1"),
      /gpu\.trainers: have no bucket[\s\S]*data\.buckets\.modelArtifacts/,
    );
    const good = validate(base, { ...raw, data: { buckets: { modelArtifacts: {} } } }, "us-east-1").gpu;
    assert.deepEqual([good?.trainers.research?.instanceType, good?.trainers.research?.spot], ["g4dn.xlarge", true]);
  });
});

describe("a trainer's boot script", () => {
  const at = { region: "us-east-1", bucket: "models", environment: { MLFLOW_TRACKING_URI: "https://mlflow.internal" } };
  const script = trainerBootScript("gpu-research", { spot: true, saveMinutes: 10, idleMinutes: 30 }, at);
  let place: ScriptFolder;
  let environment: Record<string, string>;
  let s3: string;

  beforeEach(() => {
    place = new ScriptFolder();
    s3 = place.file("s3");
    mkdirSync(s3);
    environment = { TRAINER_ROOT: place.folder };
    place
      .stub("nvidia-smi", "echo 'GPU 0: Tesla T4'")
      .stub("dnf")
      .stub("systemctl")
      .stub("shutdown")
      .stub("mount")
      .stub("mountpoint", "exit 1")
      // `aws s3 sync --only-show-errors FROM TO`, the bucket a folder.
      .stub(
        "aws",
        `from=\${4/#s3:\\/\\/models/${s3.replaceAll("/", "\\/")}} to=\${5/#s3:\\/\\/models/${s3.replaceAll("/", "\\/")}}
        mkdir -p "$from" "$to"; cp -r --update "$from/." "$to"`,
      );
    const agent = place.file("opt/aws/amazon-cloudwatch-agent/bin");
    mkdirSync(agent, { recursive: true });
    writeFileSync(`${agent}/amazon-cloudwatch-agent-ctl`, "#!/bin/bash\n", { mode: 0o755 });
  });
  afterEach(() => place.remove());

  it("has nothing that shellcheck objects to", () => {
    // The agent fills ${aws:InstanceId} in, no shell does.
    assert.equal(shellcheck(script, ["SC2016"]), "");
  });

  it("installs itself, its services and the agent that measures the GPUs", () => {
    const { status, err, calls } = place.run(script, [], environment);
    assert.equal(status, 0, err);
    assert.equal(place.read("etc/training/environment"), "MLFLOW_TRACKING_URI=https://mlflow.internal\n");
    assert.deepEqual(JSON.parse(place.read("opt/aws/amazon-cloudwatch-agent/etc/platform.json")), agentConfig());
    assert.match(place.read("etc/systemd/system/gpu-trainer-save.timer"), /OnUnitActiveSec=10min/);
    assert.match(place.read("etc/systemd/system/gpu-trainer.service"), /ExecStop=.*gpu-trainer save 60/);
    assert.ok(calls.includes("systemctl enable --now gpu-trainer-watch.timer"));
    const steady = trainerBootScript("gpu-research", { spot: false, saveMinutes: 10, idleMinutes: 30 }, at);
    assert.ok(!place.run(steady, [], environment).calls.some((call) => call.includes("watch.timer")));
    // What was installed is the script itself, and works by word.
    assert.equal(place.run(place.read("usr/local/sbin/gpu-trainer"), ["prepare"], environment).status, 0);
  });

  it("stops by itself where it has no GPU, as no alarm would find it idle; once, and not where one comes back", () => {
    place.stub("nvidia-smi", "exit 9");
    const shutdowns = () => {
      const { status, calls } = place.run(script, ["prepare"], environment);
      return [status, calls.filter((call) => call.startsWith("shutdown")).map((call) => call.slice(0, 15))];
    };
    assert.deepEqual(shutdowns(), [1, ["shutdown -h +30"]]);
    assert.deepEqual(shutdowns(), [1, []], "systemd tries again: the time is not put off");
    place.stub("nvidia-smi", "echo 'GPU 0: Tesla T4'");
    assert.deepEqual(shutdowns(), [0, ["shutdown -c"]]);
    place.stub("nvidia-smi", "exit 9");
    const always = trainerBootScript("gpu-research", { spot: true, saveMinutes: 10, idleMinutes: 0 }, at);
    const { calls } = place.run(always, ["prepare"], environment);
    assert.ok(!calls.some((call) => call.startsWith("shutdown")), "one that is never stopped");
  });

  it("brings checkpoints back at boot, and takes them away with the hook's last one", () => {
    mkdirSync(place.file("s3/checkpoints/gpu-research"), { recursive: true });
    writeFileSync(place.file("s3/checkpoints/gpu-research/step-100"), "weights");
    assert.equal(place.run(script, ["prepare"], environment).status, 0);
    assert.equal(place.read("srv/training/checkpoints/step-100"), "weights");
    mkdirSync(place.file("opt/training/hooks"), { recursive: true });
    writeFileSync(
      place.file("opt/training/hooks/checkpoint"),
      `#!/bin/bash\necho last >'${place.file("srv/training/checkpoints/step-200")}'\n`,
      { mode: 0o755 },
    );
    assert.equal(place.run(script, ["save"], environment).status, 0);
    assert.equal(place.read("s3/checkpoints/gpu-research/step-200"), "last\n");
  });

  it("saves what there is where the hook fails, and says so", () => {
    mkdirSync(place.file("opt/training/hooks"), { recursive: true });
    writeFileSync(place.file("opt/training/hooks/checkpoint"), "#!/bin/bash\nexit 3\n", { mode: 0o755 });
    mkdirSync(place.file("srv/training/checkpoints"), { recursive: true });
    writeFileSync(place.file("srv/training/checkpoints/step-1"), "x");
    const { status, err } = place.run(script, ["save"], environment);
    assert.equal(status, 0);
    assert.match(err, /the checkpoint hook failed/);
    assert.ok(place.has("s3/checkpoints/gpu-research/step-1"));
  });

  it("stops at an image without a GPU's driver, and at a word that is none", () => {
    place.stub("nvidia-smi", "");
    const { status, err } = place.run(script, ["prepare"], environment);
    assert.equal(status, 1);
    assert.match(err, /the driver sees no GPU: the image is not a GPU image/);
    assert.match(place.run(script, ["dance"], environment).err, /no such word: dance/);
  });

  it("mounts shared files by TLS and their access point", () => {
    const shared = trainerBootScript(
      "gpu-research",
      { spot: false, saveMinutes: 10, idleMinutes: 30 },
      { ...at, fileSystem: "fs-1", accessPoint: "fsap-1" },
    );
    const { calls } = place.run(shared, ["prepare"], environment);
    assert.ok(
      calls.some((call) => call.startsWith("mount -t efs -o tls,iam,accesspoint=fsap-1 fs-1:/ ")),
      calls.join("\n"),
    );
  });

  describe("watching for AWS's notice", () => {
    let server: Server;
    let notice = false;
    before((done) => {
      server = createServer((request, response) => {
        if (request.method === "PUT") return response.end("token");
        const known = request.headers["x-aws-ec2-metadata-token"] === "token" && notice;
        response.writeHead(known ? 200 : 404).end('{"action":"stop"}');
      }).listen(0, "127.0.0.1", () => done());
    });
    after(() => void server.close());

    /** Not by spawnSync: the metadata service is in this process. */
    const watch = () =>
      new Promise<number | null>((resolve) => {
        writeFileSync(place.file("script"), script, { mode: 0o755 });
        const child = spawn("bash", [place.file("script"), "watch"], {
          env: {
            ...process.env,
            ...environment,
            PATH: `${place.file("bin")}:${process.env.PATH ?? ""}`,
            TRAINER_METADATA: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          },
        });
        child.once("close", resolve);
      });

    it("saves once when it comes, and nothing before", async () => {
      mkdirSync(place.file("srv/training/checkpoints"), { recursive: true });
      writeFileSync(place.file("srv/training/checkpoints/step-7"), "x");
      assert.equal(await watch(), 0);
      assert.ok(!place.has("s3/checkpoints/gpu-research/step-7"));
      notice = true;
      assert.equal(await watch(), 0);
      assert.ok(place.has("s3/checkpoints/gpu-research/step-7"));
      cpSync(place.file("srv/training/checkpoints/step-7"), place.file("srv/training/checkpoints/step-8"));
      assert.equal(await watch(), 0);
      assert.ok(!place.has("s3/checkpoints/gpu-research/step-8"), "one save is enough for one notice");
    });
  });
});
