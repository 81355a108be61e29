import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { renderJson, type Plan } from "../../plan/json";
import { makePlan } from "../../plan/plan";
import { projectRoot } from "../../plan/settings/project";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { plan, Scratch } from "./support/cli";

const ec2 = "aws:ec2/instance:Instance";
const keys = (count: number) =>
  Array.from({ length: count }, (_, index) => `models/momentum/SYM${index}/lstm-outer_${index % 5}_inner_${index % 3}`);

describe("a plan of a fleet", () => {
  let scratch: Scratch;
  beforeEach(() => (scratch = new Scratch()));
  afterEach(() => scratch.remove());

  const planOf = async (listing: readonly string[], ending = "\n"): Promise<Plan> => {
    const models = scratch.file("listing.txt");
    writeFileSync(models, listing.map((key) => `${key}${ending}`).join(""));
    return (await makePlan({ root: projectRoot(), stack: "dev", models, policies: false })).plan;
  };
  const instances = ({ resources }: Plan) =>
    resources.filter(({ type, name }) => type === ec2 && name.startsWith("fleet-"));

  it("is byte-identical for one listing in any order", async () => {
    const listing = [
      ...keys(25),
      "models/a/b",
      "models/momentum/BRK.B/x-outer_1_inner_2",
      "models/",
      "models/m/ü/x-outer_1_inner_1",
    ];
    const one = renderJson(await planOf(listing));
    assert.equal(renderJson(await planOf([...listing].reverse())), one);
    assert.equal(renderJson(await planOf(listing, "\r\n")), one, "Windows line ends");
  });

  it("differs in exactly one instance where one model is added", async () => {
    const [before, after] = [await planOf(keys(20)), await planOf(keys(21))];
    const known = new Map(instances(before).map((resource) => [resource.urn, JSON.stringify(resource)]));
    const different = instances(after).filter((resource) => known.get(resource.urn) !== JSON.stringify(resource));
    assert.equal(different.length, 1);
    assert.equal(instances(after).length, 21);
    for (const urn of known.keys()) assert.ok(instances(after).some((resource) => resource.urn === urn));
  });

  it("accepts or rejects every key, a third of 10,000 malformed", async () => {
    const good = keys(200);
    const bad = Array.from({ length: 3_300 }, (_, index) => `models/broken/${index}`);
    const result = await planOf([...good, ...bad, good[0]!]);
    assert.equal(result.models.accepted.length, 200);
    assert.equal(result.models.rejected.length, 3_301, "the duplicate is told too");
    assert.equal(instances(result).length, 200);
    for (const { reason } of result.models.rejected) assert.ok(reason !== "");
  });

  it("takes the name of a model as data", async () => {
    const odd = 'models/momentum/X$(reboot)/it\'s "quoted"-outer_1_inner_1';
    const result = await planOf([odd]);
    const told = [...result.models.accepted, ...result.models.rejected].map(({ key }) => key);
    assert.deepEqual(told, [odd]);
    for (const { name } of instances(result)) assert.match(name, /^[\w.-]+$/);
  });

  describe("from a real S3 API", () => {
    let emulator: Emulator;
    before(async function () {
      this.timeout(300_000);
      emulator = await startEmulator({ honourEndpoint: false });
    });
    after(() => emulator.stop());

    const environment = (endpoint: string) => ({
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "us-east-1",
    });

    it("shows what the file with the same keys shows", async function () {
      this.timeout(120_000);
      const listing = keys(12);
      const s3 = new S3Client({
        endpoint: emulator.endpoint,
        region: "us-east-1",
        forcePathStyle: true,
        credentials: { accessKeyId: "test", secretAccessKey: "test" },
      });
      const Bucket = "algo-model-deploy-dev";
      await s3.send(new CreateBucketCommand({ Bucket }));
      for (const Key of listing) await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
      const { status, stdout, stderr } = await plan(
        [
          "dev",
          "--models",
          `s3://${Bucket}/models/`,
          "--format",
          "json",
          "--no-policy",
          "--config",
          "budget.monthlyUsd=9000",
        ],
        environment(emulator.endpoint),
      );
      assert.equal(status, 0, stderr);
      const fromBucket = JSON.parse(stdout) as Plan;
      assert.deepEqual(fromBucket.models.accepted, (await planOf(listing)).models.accepted);
      assert.equal(instances(fromBucket).length, 12);
    });

    it("fails with status 3 where the bucket is not there, and writes nothing", async function () {
      this.timeout(120_000);
      const { status, stdout, stderr } = await plan(
        ["dev", "--models", "s3://no-such-bucket/models/", "--out", scratch.file("plan.txt")],
        environment(emulator.endpoint),
      );
      assert.equal(status, 3, stderr);
      assert.match(stderr, /no-such-bucket/);
      assert.doesNotMatch(stderr, /^\s+at /m);
      assert.deepEqual([stdout, scratch.files()], ["", []]);
    });
  });

  it("fails whole where the listing is denied in the middle", async function () {
    this.timeout(120_000);
    let served = 0;
    const server: Server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      response.setHeader("content-type", "application/xml");
      if (url.searchParams.has("continuation-token")) {
        response.statusCode = 403;
        response.end("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>");
        return;
      }
      served++;
      const contents = keys(50).map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
      response.end(
        `<ListBucketResult><Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>${contents.join("")}</ListBucketResult>`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { status, stdout, stderr } = await plan(
        ["dev", "--models", "s3://denied-bucket/models/", "--out", scratch.file("plan.json"), "--format", "json"],
        {
          AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          AWS_ACCESS_KEY_ID: "test",
          AWS_SECRET_ACCESS_KEY: "test",
          AWS_REGION: "us-east-1",
        },
      );
      assert.ok(served > 0);
      assert.equal(status, 3, stderr);
      assert.match(stderr, /denied/i);
      assert.deepEqual([stdout, scratch.files()], ["", []]);
    } finally {
      server.close();
    }
  });
});
