import assert from "node:assert/strict";
import { parse } from "yaml";
import { GpuImage, sharingStatements, type GpuImageArgs } from "../../components/ml/gpu-image";
import {
  installDocument,
  installScript,
  maximumDocument,
  testDocument,
  testScript,
  versionOf,
} from "../../components/ml/gpu-image/documents";
import { reapStatements } from "../../components/ml/gpu-image/lambdas";
import { validate } from "../../config";
import { amiOfBuild, decide } from "../../lambdas/image-publish/core";
import { makeHandler } from "../../lambdas/image-publish/handler";
import { Account } from "../promotion/support";
import { register, testCloud } from "../support/program";
import { ScriptFolder, shellcheck } from "../support/stub-commands";

const software = { driverBranch: "580", cudaRelease: "13.0", testImage: "public.ecr.aws/amazonlinux/amazonlinux:2023" };
const args: GpuImageArgs = {
  ...software,
  cloud: testCloud,
  project: "trading-platform",
  stack: "dev",
  stage: "dev",
  vpcId: "vpc-1",
  subnetId: "subnet-1",
  instanceTypes: ["g4dn.xlarge"],
  rootVolumeGiB: 60,
  rebuild: "cron(0 6 ? * sun *)",
  keepNewest: 3,
  minimumAgeDays: 30,
  tags: { project: "trading-platform", stage: "dev", component: "gpu-image", owner: "ml" },
  logRetentionDays: 30,
  alarmTopicArn: "arn:aws:sns:us-east-1:123456789012:warning",
};
const build = (changes: Partial<GpuImageArgs> = {}) =>
  register(() => new GpuImage("gpu-image", { ...args, ...changes }));

describe("GpuImage", () => {
  it("builds on a private subnet, with an encrypted volume under its own key and IMDSv2", async () => {
    const made = await build();
    const recipe = made.one("aws:imagebuilder/imageRecipe:ImageRecipe");
    const [mapping] = recipe.inputs.blockDeviceMappings as { ebs: Record<string, unknown> }[];
    assert.deepEqual([mapping?.ebs.encrypted, mapping?.ebs.volumeSize, mapping?.ebs.volumeType], ["true", 60, "gp3"]);
    assert.match(
      recipe.inputs.parentImage as string,
      /^arn:aws:imagebuilder:us-east-1:aws:image\/amazon-linux-2023-x86/,
    );
    const infrastructure = made.one("aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration").inputs;
    assert.deepEqual(infrastructure.instanceMetadataOptions, { httpTokens: "required", httpPutResponseHopLimit: 1 });
    assert.equal(infrastructure.subnetId, "subnet-1");
    assert.equal(made.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").length, 0);
    const distribution = made.one("aws:imagebuilder/distributionConfiguration:DistributionConfiguration").inputs;
    const text = JSON.stringify(distribution);
    assert.match(text, /"image-kind":"gpu"/);
    assert.match(text, /"driver-branch":"580"/);
    assert.match(text, /"kmsKeyId":"arn:aws:kms/);
  });

  it("tests every build, on the recipe's two components, and builds anew when its base changed", async () => {
    const made = await build();
    const pipeline = made.one("aws:imagebuilder/imagePipeline:ImagePipeline").inputs;
    assert.deepEqual(pipeline.imageTestsConfiguration, { imageTestsEnabled: true, timeoutMinutes: 60 });
    assert.deepEqual(pipeline.schedule, {
      scheduleExpression: "cron(0 6 ? * sun *)",
      timezone: "Etc/UTC",
      pipelineExecutionStartCondition: "EXPRESSION_MATCH_AND_DEPENDENCY_UPDATES_AVAILABLE",
    });
    assert.equal((made.one("aws:imagebuilder/imageRecipe:ImageRecipe").inputs.components as unknown[]).length, 2);
  });

  it("makes a new version of what cannot be changed, and none without a change", async () => {
    const versions = async (changes: Partial<GpuImageArgs>) => {
      const made = await build(changes);
      const parts = [
        ...made.ofType("aws:imagebuilder/component:Component"),
        made.one("aws:imagebuilder/imageRecipe:ImageRecipe"),
      ];
      return parts.map(({ inputs }) => String(inputs.version));
    };
    const first = await versions({});
    assert.deepEqual(await versions({}), first);
    const other = await versions({ cudaRelease: "13.1" });
    first.forEach((version, index) => assert.notEqual(other[index], version));
    const larger = await versions({ rootVolumeGiB: 80 });
    assert.deepEqual(larger.slice(0, 2), first.slice(0, 2), "the components are the same");
    assert.notEqual(larger[2], first[2]);
    for (const version of [...first, versionOf("x")]) {
      assert.match(version, /^1\.0\.\d+$/);
      assert.ok(Number(version.split(".")[2]) < 2 ** 30, "Image Builder's largest number");
    }
  });

  it("writes good builds into the pointer, tells of failed ones, and reaps every day", async () => {
    const made = await build();
    const publish = made.one("aws:lambda/function:Function", "publish-function").inputs;
    const { variables } = publish.environment as { variables: Record<string, string> };
    assert.deepEqual(variables, { RECIPE: "trading-platform-dev-gpu-image", POINTER: "/trading-platform/ami/dev/gpu" });
    const pattern = JSON.parse(
      String(made.one("aws:cloudwatch/eventRule:EventRule", "built").inputs.eventPattern),
    ) as object;
    assert.deepEqual(pattern, {
      source: ["aws.imagebuilder"],
      "detail-type": ["EC2 Image Builder Image State Change"],
      detail: { state: { status: ["AVAILABLE"] } },
    });
    const failed = made.one("aws:cloudwatch/eventTarget:EventTarget", "failed").inputs;
    assert.equal(failed.arn, args.alarmTopicArn);
    assert.equal(made.one("aws:scheduler/schedule:Schedule").inputs.scheduleExpression, "rate(1 day)");
    assert.equal((await build({ alarmTopicArn: undefined })).ofType("aws:cloudwatch/eventRule:EventRule").length, 1);
  });

  it("lets other accounts start a shared image, and nothing else", () => {
    assert.deepEqual(sharingStatements(testCloud, []), []);
    const [start, grant] = sharingStatements(testCloud, ["210987654321"]);
    assert.deepEqual(start?.Principal, { AWS: ["arn:aws:iam::210987654321:root"] });
    assert.deepEqual(grant?.Condition, { Bool: { "kms:GrantIsForAWSResource": "true" } });
    const statements = reapStatements(testCloud, "trading-platform");
    for (const { Action, Condition } of statements) {
      if (typeof Action === "string" && /Deregister|Delete/.test(Action))
        assert.ok(Condition, `${Action} is bound to a tag`);
    }
  });
});

describe("the GPU image's scripts", () => {
  let place: ScriptFolder;
  beforeEach(() => {
    place = new ScriptFolder();
    place
      .stub("nvidia-smi", "echo 'Tesla T4, 580.95.05'")
      .stub(
        "nvcc",
        `[ "$1" != --version ] || { echo 'Cuda compilation tools, release 13.0, V13.0.48'; exit; }
        printf '#!/bin/bash\\nexit 0\\n' >"$2"; chmod +x "$2"`,
      )
      .stub("systemctl")
      .stub("docker");
  });
  afterEach(() => place.remove());

  it("have nothing that shellcheck objects to, and fit into Image Builder's documents", () => {
    assert.equal(shellcheck(installScript(software)), "");
    assert.equal(shellcheck(testScript(software)), "");
    for (const text of [installDocument(software), testDocument(software)]) assert.ok(text.length < maximumDocument);
  });

  it("arrive whole: the document's command unpacks exactly the script", () => {
    for (const [document, script, phase] of [
      [installDocument(software), installScript(software), "build"],
      [testDocument(software), testScript(software), "test"],
    ] as const) {
      const parsed = parse(document) as {
        schemaVersion: unknown;
        phases: { name: string; steps: { action: string; onFailure: string; inputs: { commands: string[] } }[] }[];
      };
      assert.equal(parsed.schemaVersion, "1.0");
      assert.equal(parsed.phases[0]?.name, phase);
      const [step] = parsed.phases[0].steps;
      assert.deepEqual([step?.action, step?.onFailure], ["ExecuteBash", "Abort"]);
      const packed = /<<<'([^']+)'/.exec(step?.inputs.commands[0] ?? "")?.[1] ?? "";
      assert.equal(Buffer.from(packed, "base64").toString("utf8"), script);
      assert.doesNotMatch(step?.inputs.commands.join("") ?? "", /\{\{/, "no variable of Image Builder's");
    }
  });

  it("pass where driver, CUDA and a container see the card", () => {
    const { status, out, calls } = place.run(testScript(software));
    assert.equal(status, 0);
    assert.match(out, /The GPU is usable by the driver, by CUDA and by containers/);
    assert.ok(
      calls.some((call) =>
        /^docker run --rm --gpus all .* amazonlinux:2023 nvidia-smi$/.test(
          call.replace("public.ecr.aws/amazonlinux/", ""),
        ),
      ),
    );
  });

  const broken: readonly (readonly [what: string, command: string, body: string, message: RegExp])[] = [
    ["the driver does not answer", "nvidia-smi", "exit 9", /the driver does not answer/],
    ["there is no card", "nvidia-smi", "", /the driver sees no card/],
    ["the driver is another", "nvidia-smi", "echo 'Tesla T4, 570.1'", /Tesla T4 runs driver 570\.1, not branch 580/],
    ["one of two cards has another driver", "nvidia-smi", "printf 'A, 580.1\\nB, 570.1\\n'", /B runs driver 570\.1/],
    ["CUDA is another", "nvcc", "echo 'release 12.9, V12'", /CUDA is not release 13\.0/],
    ["there is no compiler", "nvcc", "exit 127", /there is no CUDA compiler/],
    [
      "a program does not compile",
      "nvcc",
      '[ "$1" = --version ] && echo "release 13.0," || exit 1',
      /does not compile/,
    ],
    [
      "a program is wrong",
      "nvcc",
      '[ "$1" = --version ] && echo "release 13.0," || { printf "#!/bin/bash\\nexit 4\\n" >"$2"; chmod +x "$2"; }',
      /a CUDA program gives a wrong answer/,
    ],
    ["Docker does not start", "systemctl", "exit 1", /Docker does not start/],
    ["a container sees no card", "docker", "exit 125", /a container does not see the card/],
  ];
  for (const [what, command, body, message] of broken) {
    it(`fail the build where ${what}`, () => {
      place.stub(command, body);
      const { status, err } = place.run(testScript(software));
      assert.notEqual(status, 0);
      assert.match(err, message);
    });
  }
});

describe("the function that publishes an image", () => {
  const account = new Account();
  const arn = "arn:aws:imagebuilder:us-east-1:123456789012:image/trading-platform-dev-gpu-image/1.0.5/1";
  const event = (status: string, resource = arn) => ({ resources: [resource], detail: { state: { status } } });
  before(async () => {
    process.env.POWERTOOLS_LOG_LEVEL = "SILENT";
    process.env.RECIPE = "trading-platform-dev-gpu-image";
    process.env.POINTER = "/trading-platform/ami/dev/gpu";
    await account.start();
  });
  after(() => account.stop());

  it("decides by recipe and state", () => {
    const recipe = "trading-platform-dev-gpu-image";
    assert.deepEqual(decide(event("AVAILABLE"), recipe), { publish: arn });
    assert.deepEqual(decide(event("TESTING"), recipe), { ignore: "is TESTING" });
    assert.match(
      JSON.stringify(decide(event("AVAILABLE", arn.replace("-dev-", "-qa-")), recipe)),
      /not of trading-platform-dev/,
    );
    assert.deepEqual(decide({}, recipe), { ignore: "is of no recipe, not of trading-platform-dev-gpu-image" });
  });

  it("points at the AMI of the build, and leaves everything else alone", async () => {
    const handler = makeHandler(account.ec2, account.ssm);
    assert.deepEqual(await handler(event("TESTING")), { published: false });
    await assert.rejects(handler(event("AVAILABLE")), /^Error: 0 AMIs carry the tag Ec2ImageBuilderArn=arn:/);
    const { ami } = await account.image({ Ec2ImageBuilderArn: arn });
    await account.image({ Ec2ImageBuilderArn: arn.replace("/1.0.5/", "/1.0.4/") });
    assert.deepEqual(await handler(event("AVAILABLE")), { published: true, ami });
    assert.equal(await account.parameter("/trading-platform/ami/dev/gpu"), ami);
    assert.throws(() => amiOfBuild([{ ImageId: "a" }, { ImageId: "b" }], arn), /2 AMIs/);
  });
});

describe("the section gpu's image", () => {
  const of = (gpu: object, more: object = {}) =>
    validate(
      { project: "p", organization: "o", stack: "test" },
      { stage: "dev", owner: "ml", network: {}, data: { buckets: { modelArtifacts: {} } }, gpu, ...more },
      "us-east-1",
    ).gpu;

  it("needs the pointer that it publishes into", () => {
    assert.throws(
      () => of({ image: {} }),
      /gpu\.image: publishes into a pointer that this stack does not make[\s\S]*images\.kinds/,
    );
    assert.throws(() => of({ image: {} }, { images: {} }), /gpu\.image: publishes/);
    assert.equal(of({ image: {} }, { images: { kinds: ["gpu"] } })?.image?.driverBranch, "580");
  });

  it("refuses what is no branch, release, schedule or account, all at once", () => {
    const wrong = { driverBranch: "newest", cudaRelease: "13", rebuild: "weekly", shareWithAccounts: ["me"] };
    assert.throws(
      () => of({ image: wrong }, { images: { kinds: ["gpu"] } }),
      (error: Error) =>
        /image\.driverBranch: is not a branch/.test(error.message) &&
        /image\.cudaRelease: is not a release of CUDA/.test(error.message) &&
        /image\.rebuild: is not a schedule/.test(error.message) &&
        /image\.shareWithAccounts\[0\]: is not an account/.test(error.message),
    );
  });
});
