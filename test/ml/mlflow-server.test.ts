import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { decodeUserData } from "../../components/common/user-data";
import { MlflowServer, type MlflowServerArgs } from "../../components/ml/mlflow-server";
import { mlflowBootScript, requirements } from "../../components/ml/mlflow-server/boot";
import { validate } from "../../config";
import { network, postgres } from "../data/support";
import { register, testCloud } from "../support/program";
import { ScriptFolder, shellcheck } from "../support/stub-commands";

const { databaseName: _databaseName, ...database } = { ...postgres, readReplicas: {} };
const bucket = (name: string) => ({
  name,
  arn: `arn:aws:s3:::${name}`,
  kmsKeyArn: `arn:aws:kms:us-east-1:123456789012:key/${name}`,
});
const args: MlflowServerArgs = {
  cloud: testCloud,
  project: "trading-platform",
  stack: "test",
  network: { ...network, clientSecurityGroupIds: {} },
  appSubnets: [{ id: "subnet-a" }, { id: "subnet-b" }],
  domain: "mlflow.trading.internal",
  instanceType: "t3.medium",
  rootVolumeGiB: 30,
  database,
  artifacts: bucket("artifacts"),
  users: ["trainer"],
  clients: { gpu: "sg-0gpu" },
  publish: { alias: "deploy", schedule: "rate(15 minutes)", bucket: bucket("algo-model-deploy"), prefix: "models/" },
  logRetentionDays: 30,
  tags: { project: "trading-platform", stack: "test", stage: "dev", component: "mlflow", owner: "ml" },
  alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:warning",
};
const build = (changes: Partial<MlflowServerArgs> = {}) =>
  register(() => new MlflowServer("mlflow", { ...args, ...changes }));

interface Policy {
  readonly Statement: readonly {
    Sid: string;
    Action: string | string[];
    Resource: string | string[];
    Condition?: unknown;
  }[];
}
const policyOf = (text: unknown) =>
  Object.fromEntries((JSON.parse(String(text)) as Policy).Statement.map((one) => [one.Sid, one]));

describe("MlflowServer", () => {
  it("heals itself: a group of one over the zones, private, encrypted, never two at a time", async () => {
    const made = await build();
    const group = made.one("aws:autoscaling/group:Group").inputs;
    assert.deepEqual(
      [group.minSize, group.maxSize, group.desiredCapacity, group.vpcZoneIdentifiers],
      [1, 1, 1, ["subnet-a", "subnet-b"]],
    );
    assert.deepEqual(group.instanceMaintenancePolicy, { minHealthyPercentage: 0, maxHealthyPercentage: 100 });
    const template = made.one("aws:ec2/launchTemplate:LaunchTemplate").inputs;
    assert.equal(
      (template.networkInterfaces as { associatePublicIpAddress: string }[])[0]?.associatePublicIpAddress,
      "false",
    );
    assert.equal((template.metadataOptions as { httpTokens: string }).httpTokens, "required");
    assert.equal((template.blockDeviceMappings as { ebs: { encrypted: string } }[])[0]?.ebs.encrypted, "true");
  });

  it("keeps everything outside of the host: PostgreSQL, S3, Secrets Manager, a private zone", async () => {
    const made = await build();
    const instance = made.one("aws:rds/instance:Instance").inputs;
    assert.deepEqual(
      [instance.dbName, instance.storageEncrypted, instance.publiclyAccessible],
      ["mlflow", true, false],
    );
    assert.equal(made.ofType("aws:ebs/volume:Volume").length, 0);
    const zone = made.one("aws:route53/zone:Zone").inputs;
    assert.deepEqual([zone.name, zone.vpcs], ["mlflow.trading.internal", [{ vpcId: network.vpcId }]]);
    const secrets = made.ofType("aws:secretsmanager/secret:Secret").map(({ name }) => name);
    for (const name of [
      "mlflow-admin-secret",
      "mlflow-user-publisher-secret",
      "mlflow-user-trainer-secret",
      "mlflow-tls",
    ])
      assert.ok(secrets.includes(name), `${name} of ${secrets.join(", ")}`);
  });

  it("lets named clients in on 443 and nobody else, and its host reaches its own database", async () => {
    const made = await build();
    const rules = made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.deepEqual(rules.map(({ name, inputs }) => [name, inputs.fromPort, inputs.cidrIpv4]).sort(), [
      ["mlflow-db-from-mlflow", 5432, undefined],
      ["mlflow-from-gpu", 443, undefined],
      ["mlflow-from-publisher", 443, undefined],
    ]);
  });

  it("limits the host to its part of its bucket, its secrets, its name and its group", async () => {
    const own = policyOf((await build()).one("aws:iam/rolePolicy:RolePolicy", "mlflow-role-own").inputs.policy);
    assert.equal(own.ArtifactsRead?.Resource, "arn:aws:s3:::artifacts/mlflow/*");
    assert.equal(own.ArtifactsWrite?.Resource, "arn:aws:s3:::artifacts/mlflow/*");
    assert.ok(!JSON.stringify(own).includes("algo-model-deploy"), "the deploy bucket is the publisher's");
    assert.deepEqual(own.TakeName?.Condition, {
      "ForAllValues:StringEquals": {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["mlflow.trading.internal"],
        "route53:ChangeResourceRecordSetsRecordTypes": ["A"],
      },
    });
    assert.deepEqual(own.GiveUp?.Condition, {
      StringEquals: {
        "aws:ResourceTag/project": "trading-platform",
        "aws:ResourceTag/stack": "test",
        "aws:ResourceTag/component": "mlflow",
      },
    });
    assert.deepEqual(own.SecretKeys?.Condition, {
      StringEquals: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" },
    });
    assert.match(String((own.SnapshotBeforeUpgrade?.Resource as string[])[1]), /snapshot:.*-before-\*$/);
  });

  it("publishes by a function inside the VPC that may touch models and its own list only", async () => {
    const made = await build();
    const own = policyOf(made.one("aws:iam/rolePolicy:RolePolicy", "mlflow-publish-role-own").inputs.policy);
    assert.equal(own.ModelsWrite?.Resource, "arn:aws:s3:::algo-model-deploy/models/*");
    assert.equal(own.Record?.Resource, "arn:aws:s3:::algo-model-deploy/published/mlflow.json");
    assert.equal(own.ArtifactsRead?.Resource, "arn:aws:s3:::artifacts/mlflow/*");
    assert.equal(own.ArtifactsWrite, undefined);
    const lambda = made.one("aws:lambda/function:Function", "mlflow-publish-function").inputs;
    assert.deepEqual((lambda.vpcConfig as { subnetIds: string[] }).subnetIds, ["subnet-a", "subnet-b"]);
    const { variables } = lambda.environment as { variables: Record<string, string> };
    assert.deepEqual(
      [variables.ALIAS, variables.DEPLOY_PREFIX, variables.ARTIFACTS],
      ["deploy", "models/", "s3://artifacts/mlflow/"],
    );
    assert.equal(made.one("aws:scheduler/schedule:Schedule").inputs.scheduleExpression, "rate(15 minutes)");
    const without = await build({ publish: undefined });
    assert.equal(without.ofType("aws:scheduler/schedule:Schedule").length, 0);
    assert.ok(!without.ofType("aws:secretsmanager/secret:Secret").some(({ name }) => name.includes("publisher")));
  });

  it("tells when it is silent, also where its host cannot say so, and of models that cannot be deployed", async () => {
    const made = await build();
    const silent = made.one("aws:cloudwatch/metricAlarm:MetricAlarm", "mlflow-silent").inputs;
    assert.deepEqual(
      [silent.metricName, silent.comparisonOperator, silent.threshold, silent.treatMissingData],
      ["Healthy", "LessThanThreshold", 1, "breaching"],
    );
    const absent = made.one("aws:cloudwatch/metricAlarm:MetricAlarm", "mlflow-no-host").inputs;
    assert.deepEqual(
      [
        absent.metricName,
        absent.comparisonOperator,
        absent.threshold,
        absent.evaluationPeriods,
        absent.treatMissingData,
      ],
      ["GroupInServiceInstances", "LessThanThreshold", 1, 30, "breaching"],
    );
    const rejected = made.one("aws:cloudwatch/metricAlarm:MetricAlarm", "mlflow-rejected").inputs;
    assert.deepEqual(
      [rejected.metricName, rejected.threshold, rejected.evaluationPeriods, rejected.treatMissingData],
      ["ModelsRejected", 0, 1, "ignore"],
      "one run is enough, as the next one can be a day away",
    );
  });

  it("starts its host with ARNs and no secret, from pinned packages", async () => {
    const { inputs } = (await build()).one("aws:ec2/launchTemplate:LaunchTemplate");
    const script = decodeUserData(String(inputs.userData));
    assert.match(script, /^MLFLOW_ADMIN_SECRET='arn:aws:secretsmanager:/m);
    assert.match(script, /^MLFLOW_USERS='publisher arn:aws:secretsmanager:\S+\ntrainer arn:/m);
    assert.doesNotMatch(script, /planned|password":/);
    for (const line of requirements().split("\n")) assert.match(line, /^[\w[\]-]+==\d[\d.]*$/);
  });

  it("refuses names that nothing takes, all at once", () => {
    const base = { project: "p", organization: "o", stack: "test" };
    const of = (mlflow: object, buckets: object = { modelArtifacts: {}, modelDeploy: {} }) =>
      validate(base, { stage: "dev", owner: "ml", network: {}, data: { buckets }, mlflow }, "us-east-1").mlflow;
    assert.equal(of({})?.domain, "mlflow.trading.internal");
    assert.throws(
      () =>
        of({
          domain: "MLflow",
          users: ["admin", "Train", "a", "a"],
          publish: { alias: "latest", schedule: "often" },
          database: { engineVersion: "9" },
        }),
      (error: Error) => {
        for (const part of ["mlflow.publish.schedule: is not a schedule"])
          assert.ok(error.message.includes(part), error.message);
        return true;
      },
    );
    assert.throws(
      () =>
        of({
          domain: "MLflow",
          users: ["admin", "Train", "a", "a"],
          publish: { alias: "latest" },
          database: { engineVersion: "9" },
        }),
      (error: Error) => {
        for (const part of [
          "mlflow.domain: is not a domain",
          "mlflow.users[0]: is a user that the server makes by itself",
          "mlflow.users[1]: is not a name for a user",
          "mlflow.users[3]: stands there twice",
          "mlflow.publish.alias: is not an alias that MLflow takes",
          "mlflow.database.engineVersion: is not a major version of PostgreSQL",
        ])
          assert.ok(error.message.includes(part), `${part}\n${error.message}`);
        return true;
      },
    );
    assert.throws(
      () => of({ publish: {} }, { modelArtifacts: {} }),
      /mlflow\.publish: has no deploy bucket to copy models to/,
    );
    assert.throws(() => of({}, {}), /mlflow: has no bucket for artifacts/);
  });
});

describe("the MLflow host's script", () => {
  const script = mlflowBootScript({
    region: "us-east-1",
    name: "mlflow.trading.internal",
    zoneId: "Z1",
    database: { identifier: "db", host: "db.internal", port: 5432, user: "platform", secretArn: "arn:db" },
    adminSecretArn: "arn:admin",
    tlsSecretArn: "arn:tls",
    caParameter: "/p/s/mlflow/certificate",
    artifacts: "s3://artifacts/mlflow/",
    users: { trainer: "arn:trainer" },
  });
  let place: ScriptFolder;
  beforeEach(() => {
    place = new ScriptFolder();
  });
  afterEach(() => place.remove());

  it("has nothing that shellcheck objects to", () => {
    assert.equal(shellcheck(script), "");
  });

  it("has its host replaced after five silent minutes, and not before", () => {
    place
      .stub("aws")
      .stub("curl", `case "$*" in *health*) exit 7 ;; *instance-id*) echo i-0123 ;; *) echo token ;; esac`);
    place.stub("prepare"); // the folder of the run
    const environment = { MLFLOW_ROOT: place.folder };
    place.run("mkdir -p run/mlflow".replace("run/mlflow", `${place.folder}/run/mlflow`));
    for (let minute = 1; minute <= 5; minute++) {
      const { status, calls, err } = place.run(script, ["watch"], environment);
      assert.equal(status, 0, err);
      assert.ok(calls.some((call) => /put-metric-data .*--value 0 /.test(call)));
      assert.equal(
        calls.some(
          (call) =>
            call ===
            "aws autoscaling set-instance-health --instance-id i-0123 --health-status Unhealthy --no-should-respect-grace-period",
        ),
        minute === 5,
        `minute ${minute}`,
      );
    }
    place.stub("curl");
    const well = place.run(script, ["watch"], environment);
    assert.ok(well.calls.some((call) => /--value 1 /.test(call)));
    assert.ok(!place.has("run/mlflow/silent"), "the count begins anew");
  });

  it("has a host replaced that could not be set up, after a pause; one that could is left alone", () => {
    place.stub("aws").stub("curl", `case "$*" in *instance-id*) echo i-0123 ;; *) echo token ;; esac`);
    place.stub("dnf", "exit 7");
    const { status, calls, err } = place.run(script, [], { MLFLOW_ROOT: place.folder, MLFLOW_PAUSE: "0" });
    assert.equal(status, 7);
    assert.match(err, /this host could not be set up \(7\); another takes its place/);
    assert.ok(
      calls.some((call) => /set-instance-health --instance-id i-0123 .*--no-should-respect-grace-period/.test(call)),
    );
    const word = place.run(script, ["dance"], { MLFLOW_ROOT: place.folder, MLFLOW_PAUSE: "0" });
    assert.ok(!word.calls.some((call) => call.includes("set-instance-health")), "only where it is set up");
  });

  describe("its certificate", () => {
    const secretFile = () => place.file("secret");
    const trusted = () =>
      place.read("trusted").match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    const fingerprint = (pem: string) => new X509Certificate(pem).fingerprint256;
    const kept = () =>
      JSON.parse(place.read("secret")) as { certificate: string; next?: { certificate: string; key: string } };
    const served = () => fingerprint(place.read("run/mlflow/tls.crt"));

    /** A pair that ends in so many days. */
    function pair(days: number) {
      const [key, crt] = [place.file("k"), place.file("c")];
      execFileSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:P-256",
          "-nodes",
          "-days",
          String(days),
          "-subj",
          "/CN=mlflow",
          "-keyout",
          key,
          "-out",
          crt,
        ],
        { stdio: "ignore" },
      );
      return { key: readFileSync(key, "utf8"), certificate: readFileSync(crt, "utf8") };
    }
    const refresh = () => {
      const { status, err } = place.run(script, ["refresh"], { MLFLOW_ROOT: place.folder });
      assert.equal(status, 0, err);
    };

    beforeEach(() => {
      place.stub(
        "aws",
        `case "$*" in
          *get-secret-value*arn:tls*) [ -e '${secretFile()}' ] || { echo ResourceNotFoundException >&2; exit 254; }; cat '${secretFile()}' ;;
          *get-secret-value*) echo '{"password":"x"}' ;;
          *put-secret-value*) cp "\${6#file://}" '${secretFile()}' ;;
          *put-parameter*) cp "\${9#file://}" '${place.file("trusted")}' ;;
        esac`,
      );
    });

    it("is made once, told and served", () => {
      refresh();
      const [first, ...more] = trusted();
      assert.ok(first && more.length === 0);
      assert.deepEqual([served(), kept().next], [fingerprint(first), undefined]);
      refresh();
      assert.equal(served(), fingerprint(first));
    });

    it("is told to clients long before it is served: nobody who started in between is locked out", () => {
      const old = pair(50);
      writeFileSync(secretFile(), JSON.stringify(old));
      refresh();
      const next = kept().next?.certificate ?? "";
      assert.deepEqual(trusted().map(fingerprint), [old.certificate, next].map(fingerprint));
      assert.equal(served(), fingerprint(old.certificate), "still the old one");
      refresh();
      assert.equal(kept().next?.certificate, next, "one next is enough");
      // 30 days before the end, but the next one was told only just now: clients have not read it yet.
      writeFileSync(secretFile(), JSON.stringify({ ...pair(20), next: pair(397) }));
      refresh();
      assert.ok(kept().next);
      // Told for more than 15 days.
      const told = pair(380);
      writeFileSync(secretFile(), JSON.stringify({ ...pair(20), next: told }));
      refresh();
      assert.deepEqual([served(), kept().next], [fingerprint(told.certificate), undefined]);
      assert.deepEqual(trusted().map(fingerprint), [fingerprint(told.certificate)]);
    });

    it("does not wait for its last days", () => {
      const next = pair(397);
      writeFileSync(secretFile(), JSON.stringify({ ...pair(4), next }));
      refresh();
      assert.equal(served(), fingerprint(next.certificate));
      for (const file of ["tls.json", "next.json", "new.key", "trusted"])
        assert.ok(!place.has("run/mlflow", file), `no second copy of the key: ${file}`);
    });
  });

  it("refuses a word that is none", () => {
    const { status, err } = place.run(script, ["dance"]);
    assert.deepEqual([status, err], [1, "mlflow-host: no such word: dance\n"]);
  });
});
