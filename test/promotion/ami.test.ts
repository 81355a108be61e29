import assert from "node:assert/strict";
import { DescribeImagesCommand, DescribeSnapshotsCommand, TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import type { AmiProof } from "../../components/common/ami-pointer";
import { judgeImages } from "../../lambdas/ami-reaper/core";
import { makeHandler } from "../../lambdas/ami-reaper/handler";
import { describeAwsError } from "../../plan/failure";
import { compareImages, judgeRuns } from "../../promotion/prove";
import { Account, ami } from "./support";

const pointer = (stage: string, kind = "trading") => `/trading-platform/ami/${stage}/${kind}`;

describe("npm run ami, on an emulated AWS", () => {
  const account = new Account();
  before(() => account.start());
  after(() => account.stop());

  it("says how to begin where there is no pointer", async () => {
    const { status, out } = await ami("show");
    assert.equal(status, 0);
    assert.match(out, /no pointers yet: npm run ami -- set/);
  });

  it("walks an image from dev to prod, and asks qa's instances before prod", async () => {
    const { ami: image } = await account.image({ "driver-version": "580" });
    const set = await ami("set", "trading", image, "--yes");
    assert.equal(set.status, 0, set.err);
    assert.equal(await account.parameter(pointer("dev")), image);

    const shown = await ami("promote", "trading", "--to", "qa");
    assert.match(shown.out, /Nothing was changed; --yes writes it/);
    assert.match(shown.out, /tag driver-version.*580/);
    assert.equal(await account.parameter(pointer("qa")), undefined);
    assert.equal((await ami("promote", "trading", "--to", "qa", "--yes")).status, 0);
    assert.equal(await account.parameter(pointer("qa")), image);

    const early = await ami("promote", "trading", "--to", "prod", "--yes");
    assert.equal(early.status, 1);
    assert.match(
      early.out,
      new RegExp(`Refused: prod takes only images that qa has run, and no running instance of qa uses ${image}`),
    );
    assert.match(early.out, /fix: let it run in qa, then: npm run ami -- prove trading; or give --override REASON/);
    assert.equal(await account.parameter(pointer("prod")), undefined);

    await account.run(image, "dev");
    await account.run(image, "qa", "web");
    assert.equal(
      (await ami("promote", "trading", "--to", "prod", "--yes", "--minutes", "0")).status,
      1,
      "no fleet of qa",
    );
    const instance = await account.run(image, "qa");
    const soon = await ami("promote", "trading", "--to", "prod", "--yes");
    assert.match(soon.out, /none of its 1 instance has run for 60 minutes/);
    const done = await ami("promote", "trading", "--to", "prod", "--yes", "--minutes", "0");
    assert.equal(done.status, 0, done.out);
    assert.equal(await account.parameter(pointer("prod")), image);
    const proof = JSON.parse((await account.parameter(`${pointer("prod")}/proof`)) ?? "{}") as AmiProof;
    assert.deepEqual([proof.ami, proof.ranIn, proof.instances], [image, "qa", 1]);
    assert.match(proof.by, /^arn:aws:/);
    assert.match((await ami("show")).out, /ran in qa on/);
    await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
  });

  it("keeps a proof that outlives the instances, and none for another image", async () => {
    const { ami: first } = await account.image();
    await account.put(pointer("qa"), first);
    await account.run(first, "qa");
    const proved = await ami("prove", "trading", "--minutes", "0", "--yes", "--json");
    assert.equal(proved.status, 0, proved.err);
    assert.equal((JSON.parse(proved.out) as AmiProof).ami, first);
    // A stored proof is enough: nobody has run for a day.
    const dry = await ami("promote", "trading", "--to", "prod", "--minutes", "1440");
    assert.equal(dry.status, 0, dry.out);
    const { ami: second } = await account.image();
    await account.put(pointer("qa"), second);
    const other = await ami("promote", "trading", "--to", "prod", "--minutes", "1440", "--yes");
    assert.equal(other.status, 1);
    assert.match(other.out, new RegExp(`no running instance of qa uses ${second}`));
    const unproven = await ami("prove", "trading");
    assert.equal(unproven.status, 1);
    assert.match(unproven.out, new RegExp(`^${second} is not proven: no running instance`));
  });

  it("lets an unproven image through for a reason, and keeps the reason", async () => {
    const { ami: image } = await account.image();
    await account.put(pointer("qa"), image);
    const short = await ami("promote", "trading", "--to", "prod", "--override", "because", "--yes");
    assert.equal(short.status, 2);
    assert.match(short.err, /--override: is no reason\n\s+value:\s+"because"\n\s+allowed: at least 10 characters/);
    const why = "qa is closed for the holiday; fix of CVE-2026-1";
    assert.equal((await ami("promote", "trading", "--to", "prod", "--override", why, "--yes")).status, 0);
    const proof = JSON.parse((await account.parameter(`${pointer("prod")}/proof`)) ?? "{}") as AmiProof;
    assert.deepEqual([proof.override, proof.ranIn], [why, undefined]);
  });

  it("takes what a parameter names at this moment", async () => {
    const source = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    const { status, err } = await ami("set", "ingest", source, "--yes");
    assert.equal(status, 0, err);
    assert.equal(await account.parameter(pointer("dev", "ingest")), await account.parameter(source));
  });

  const wrong: readonly (readonly [what: string, words: readonly string[], message: RegExp])[] = [
    [
      "a kind that is none",
      ["promote", "tpu", "--to", "qa"],
      /Allowed choices are trading, trading-arm64, ingest, gpu/,
    ],
    ["a stage that is none", ["promote", "gpu", "--to", "staging"], /Allowed choices are dev, qa, prod/],
    ["no stage", ["promote", "gpu"], /required option '--to <stage>' not specified/],
    [
      "promotion to the first stage",
      ["promote", "gpu", "--to", "dev"],
      /--to dev: nothing comes before dev[\s\S]*allowed: qa or prod/,
    ],
    [
      "a pointer that is not there",
      ["promote", "gpu", "--to", "qa"],
      /ami\/dev\/gpu: there is no such pointer in us-east-1[\s\S]*ami -- set gpu/,
    ],
    [
      "a later pointer that is not there",
      ["promote", "gpu", "--to", "prod"],
      /ami\/qa\/gpu: there is no such pointer[\s\S]*ami -- promote gpu --to qa/,
    ],
    ["a proof without a pointer", ["prove", "gpu"], /ami\/qa\/gpu: there is no such pointer/],
    [
      "writing past the first stage",
      ["set", "gpu", "ami-00000000", "--stage", "prod"],
      /--stage prod: images get there by promotion/,
    ],
    [
      "a source that is nothing",
      ["set", "gpu", "latest"],
      /latest: is neither an AMI id nor a parameter that names one/,
    ],
    [
      "an image that is not there",
      ["set", "gpu", "ami-0123456789abcdef0"],
      /ami-0123456789abcdef0 is not an image that this account sees[\s\S]*share it/,
    ],
    ["minutes that are none", ["prove", "gpu", "--minutes", "soon"], /It is not a whole number/],
    ["a word too many", ["show", "everything"], /too many arguments/],
  ];
  for (const [what, words, message] of wrong) {
    it(`refuses ${what}, with exit status 2 and no stack trace`, async () => {
      const { status, err } = await ami(...words);
      assert.equal(status, 2);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n\s+at /);
    });
  }

  it("tells of an AWS that refuses, with exit status 3", async () => {
    const endpoint = process.env.AWS_ENDPOINT_URL;
    process.env.AWS_ENDPOINT_URL = "http://127.0.0.1:1";
    try {
      const { status, err } = await ami("show");
      assert.equal(status, 3);
      assert.match(err, /^AWS could not be asked: /);
    } finally {
      process.env.AWS_ENDPOINT_URL = endpoint;
    }
  });

  it("says how to log in where there are no credentials", () => {
    const missing = Object.assign(new Error("Could not load credentials from any providers"), {
      name: "CredentialsProviderError",
    });
    assert.match(describeAwsError(missing, ""), /^there are no AWS credentials: log in \(aws sso login\)/);
    assert.match(
      describeAwsError(missing, "nothere"),
      /^the profile nothere gives no AWS credentials: log in \(aws sso login --profile nothere\), or name one that/,
    );
    const bucket = (code: string) =>
      Object.assign(new Error("Listing s3://a/ failed: no."), { name: "BucketError", code });
    assert.match(describeAwsError(bucket("CredentialsProviderError"), ""), /^there are no AWS credentials: log in/);
    assert.equal(describeAwsError(bucket("NoSuchBucket")), "Listing s3://a/ failed: no.");
    const denied = Object.assign(new Error("not for you"), { name: "AccessDeniedException" });
    assert.match(describeAwsError(denied), /^access is denied: not for you\. The identity needs/);
    assert.equal(describeAwsError("lost"), "Error: lost");
  });

  describe("reaping", () => {
    const images = async () =>
      (await account.ec2.send(new DescribeImagesCommand({ Owners: ["self"] }))).Images?.map(({ ImageId }) => ImageId) ??
      [];

    it("removes what no pointer, instance or mark needs, with its snapshot, and nothing else", async () => {
      const idle = await account.image();
      const used = await account.image();
      const marked = await account.image({ "ami-pointer-prod": "2026-11-21" });
      const named = await account.image();
      const another = await account.image({ project: "another" });
      const instance = await account.run(used.ami, "prod");
      await account.put(pointer("dev"), named.ami);
      const kept = [used.ami, marked.ami, named.ami, another.ami];

      const dry = await ami("reap", "--keep", "0", "--days", "0");
      assert.match(dry.out, /Nothing was removed; --yes removes them/);
      assert.ok((await images()).includes(idle.ami));
      const { status, out } = await ami("reap", "--keep", "0", "--days", "0", "--yes");
      assert.equal(status, 0, out);
      const left = await images();
      assert.ok(!left.includes(idle.ami), "the idle one is gone");
      for (const one of kept) assert.ok(left.includes(one), `${one} stays`);
      const { Snapshots = [] } = await account.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
      const snapshots = Snapshots.map(({ SnapshotId }) => SnapshotId);
      assert.ok(!snapshots.includes(idle.snapshot));
      assert.ok(snapshots.includes(used.snapshot));
      await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instance] }));
    });

    it("runs as a function, which fails where an image would not go", async () => {
      process.env.POWERTOOLS_LOG_LEVEL = "SILENT";
      process.env.SCOPE = JSON.stringify({ project: "trading-platform", kindTag: "image-kind" });
      process.env.RULES = JSON.stringify({ keepNewest: 0, minimumAgeDays: 0 });
      const { ami: idle } = await account.image();
      const later = () => new Date(Date.now() + 86_400_000);
      const result = await makeHandler(account.ec2, account.ssm, later)();
      assert.ok(result.reaped.includes(idle));
      await account.image();
      account.ec2.middlewareStack.add(
        (next, context) => async (args) => {
          if (context.commandName === "DeregisterImageCommand")
            throw Object.assign(new Error("no"), { name: "UnauthorizedOperation" });
          return next(args);
        },
        { step: "initialize", name: "refuse" },
      );
      await assert.rejects(
        makeHandler(account.ec2, account.ssm, later)(),
        /Not reaped: ami-\w+ \(UnauthorizedOperation\)/,
      );
      account.ec2.middlewareStack.remove("refuse");
    });
  });
});

describe("what instances prove", () => {
  const now = new Date("2026-11-21T12:00:00Z");
  const at = { now, minutes: 60, stage: "qa" };
  const instance = (id: string, hours: number, ImageId = "ami-1", Name: "running" | "stopped" = "running") => ({
    InstanceId: id,
    ImageId,
    State: { Name },
    LaunchTime: new Date(now.getTime() - hours * 3_600_000),
  });

  it("counts those that have run long enough", () => {
    const runs = judgeRuns(
      "ami-1",
      [instance("a", 5.25), instance("b", 0.5), instance("c", 9, "ami-2")],
      new Set(),
      at,
    );
    assert.deepEqual(runs, { proven: true, instances: 1, hours: 5.3 });
  });

  it("takes no stopped instance, and exactly the minutes asked for", () => {
    assert.equal(judgeRuns("ami-1", [instance("a", 5, "ami-1", "stopped")], new Set(), at).proven, false);
    assert.equal(judgeRuns("ami-1", [instance("a", 1)], new Set(), at).proven, true);
    assert.equal(judgeRuns("ami-1", [instance("a", 0.99)], new Set(), at).proven, false);
  });

  it("is spoilt by one that fails a status check", () => {
    const runs = judgeRuns("ami-1", [instance("a", 5), instance("b", 5)], new Set(["b"]), at);
    assert.deepEqual(runs, { proven: false, reason: "1 instance of it failed a status check: b" });
  });

  it("compares facts and tags, marks of pointers left out", () => {
    const before = { Name: "one", Architecture: "x86_64" as const, Tags: [{ Key: "driver-version", Value: "570" }] };
    const after = {
      ...before,
      Name: "two",
      Tags: [
        { Key: "driver-version", Value: "580" },
        { Key: "ami-pointer-qa", Value: "x" },
      ],
    };
    assert.deepEqual(compareImages(before, after), [
      { fact: "name", before: "one", after: "two" },
      { fact: "tag driver-version", before: "570", after: "580" },
    ]);
  });
});

describe("which images stay", () => {
  const now = new Date("2026-11-21T00:00:00Z");
  const image = (ImageId: string, day: string, kind = "gpu") => ({
    ImageId,
    CreationDate: `${day}T00:00:00Z`,
    Tags: kind === "" ? [] : [{ Key: "image-kind", Value: kind }],
  });
  const none = { pointed: new Set<string>(), launched: new Set<string>() };

  it("the newest of each kind, and those too young", () => {
    const images = [
      image("old", "2026-01-01"),
      image("older", "2025-01-01"),
      image("young", "2026-11-01"),
      image("other", "2024-01-01", "ingest"),
      image("untagged", "2020-01-01", ""),
    ];
    const verdicts = judgeImages(images, "image-kind", none, { keepNewest: 1, minimumAgeDays: 30 }, now);
    assert.deepEqual(
      verdicts.map(({ ami: id, reap, why }) => [id, reap, why]),
      [
        ["young", false, "one of the newest 1"],
        ["old", true, "324 days old"],
        ["older", true, "689 days old"],
        ["other", false, "one of the newest 1"],
      ],
    );
    const young = judgeImages(images, "image-kind", none, { keepNewest: 0, minimumAgeDays: 30 }, now);
    assert.equal(young.find(({ ami: id }) => id === "young")?.why, "20 days old, and it may go after 30");
  });
});
