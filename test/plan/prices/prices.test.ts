import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { PricingClient } from "@aws-sdk/client-pricing";
import { tablesFolder } from "../../../plan/cost/price-book";
import { explain, priceListApi } from "../../../plan/prices/api";
import { main } from "../../../plan/prices/cli";
import { families } from "../../../plan/prices/families";
import { figures } from "../../../plan/prices/figures";
import { readTable, renderTable, tableFiles } from "../../../plan/prices/table";
import { projectRoot } from "../../../plan/settings/project";
import { Scratch } from "../support/cli";
import { PriceListStub, type StubProduct } from "./support";

const region = "us-east-1";
const today = "2026-11-21";

const linux = (instanceType: string, usd: number, more: Partial<StubProduct> = {}): StubProduct => ({
  service: "AmazonEC2",
  attributes: {
    productFamily: "Compute Instance",
    regionCode: region,
    instanceType,
    operatingSystem: "Linux",
    tenancy: "Shared",
    preInstalledSw: "NA",
    licenseModel: "No License required",
    capacitystatus: "Used",
    marketoption: "OnDemand",
    usagetype: `BoxUsage:${instanceType}`,
    operation: "RunInstances",
  },
  unit: "Hrs",
  tiers: { "0": usd },
  ...more,
});

const database = (instanceType: string, usd: number): StubProduct => ({
  service: "AmazonRDS",
  attributes: {
    productFamily: "Database Instance",
    regionCode: region,
    databaseEngine: "PostgreSQL",
    deploymentOption: "Single-AZ",
    locationType: "AWS Region",
    instanceType,
  },
  unit: "Hrs",
  tiers: { "0": usd },
});

const gateway = (usagetype: string, usd: number, unit = "Hrs"): StubProduct => ({
  service: "AmazonEC2",
  attributes: { productFamily: "NAT Gateway", regionCode: region, usagetype, operation: "NatGateway" },
  unit,
  tiers: { "0": usd },
  sku: `SKU${usagetype.replace(/\W/g, "")}`,
});

const requests: StubProduct = {
  service: "AmazonSNS",
  attributes: { productFamily: "API Request", regionCode: region, usagetype: "USE1-Requests-Tier1" },
  unit: "Requests",
  tiers: { "0": 0, "1000000": 0.0000005 },
};

const former = { unit: "hour", source: "a former source", date: "2026-01-02" };

describe("npm run prices", () => {
  const stub = new PriceListStub();
  let endpoint = "";
  let scratch: Scratch;
  let output: string[];
  const print = { log: console.log, error: console.error };

  before(async () => {
    endpoint = await stub.start();
  });
  after(() => stub.stop());

  beforeEach(() => {
    scratch = new Scratch();
    stub.asked.length = 0;
    stub.refusal = undefined;
    stub.products = [];
    output = [];
    writeFileSync(
      tableFiles(scratch.folder, region).services,
      JSON.stringify({
        region,
        currency: "USD",
        prices: { nat: { usd: 0.04, ...former }, alb: { usd: 0.0225, ...former } },
      }),
    );
    const ec2 = { source: "a former source", generatedAt: "2026-01-02", region, tenancy: "shared", os: "Linux" };
    writeFileSync(
      tableFiles(scratch.folder, region).ec2,
      JSON.stringify({ ...ec2, unit: "USD per hour, on demand", prices: { "t3.small": 0.02, "t1.micro": 0.02 } }),
    );
  });
  afterEach(() => scratch.remove());

  const client = (more = {}) =>
    new PricingClient({
      region,
      endpoint,
      maxAttempts: 1,
      credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "example" },
      ...more,
    });

  async function run(args: readonly string[] = [], own = client()): Promise<{ status: number; text: string }> {
    console.log = console.error = (line: string) => void output.push(line);
    try {
      const status = await main(args, { folder: scratch.folder, today, getProducts: priceListApi(own) });
      return { status, text: output.join("\n") };
    } finally {
      Object.assign(console, print);
    }
  }

  const bytes = () => scratch.files().map((file) => [file, readFileSync(scratch.file(file), "utf8")]);

  it("shows old, new and percent, and writes each figure with its date, source and unit", async () => {
    stub.products = [gateway("NatGateway-Hours", 0.045), requests, linux("t3.small", 0.0208)];
    const { status, text } = await run();
    assert.equal(status, 0);
    assert.match(text, /nat +0\.04 +0\.045 +\+12\.5 % +USD a hour/);
    assert.match(text, /ec2\.t3\.small +0\.02 +0\.0208 +\+4\.0 %/);
    assert.match(text, /sns\.requests +- +0\.5 +new +USD a million requests/);
    const table = readTable(scratch.folder, region);
    assert.deepEqual(table.get("nat"), {
      usd: 0.045,
      unit: "hour",
      source: "AWS Price List API (GetProducts), AmazonEC2, SKU SKUNatGatewayHours, published 2026-11-18",
      date: today,
    });
    // The first million is free of charge: the first tier that costs anything counts, by the million.
    assert.equal(table.get("sns.requests")?.usd, 0.5);
    assert.deepEqual(table.get("ec2.t3.small"), {
      usd: 0.0208,
      unit: "hour",
      source: "AWS Price List API (GetProducts), AmazonEC2",
      date: today,
    });
  });

  it("leaves what the API does not have as it is, with its former source and date, and lists it", async () => {
    stub.products = [linux("t3.small", 0.0208)];
    const { status, text } = await run();
    assert.equal(status, 0);
    assert.match(text, /left: nat: product not found \(AmazonEC2, NatGateway-Hours\); it stays as it is/);
    assert.match(text, /left: ec2\.t1\.micro: product not found \(AmazonEC2\); it stays as it is/);
    assert.match(text, /left: athena\.scanned: product not found .*; it has no price/);
    const table = readTable(scratch.folder, region);
    assert.deepEqual(table.get("nat"), { usd: 0.04, ...former });
    assert.deepEqual(table.get("ec2.t1.micro"), { usd: 0.02, ...former }, "an older figure gets no newer date");
    assert.equal(table.has("athena.scanned"), false);
  });

  it("reads every page", async () => {
    stub.products = ["micro", "medium", "large", "xlarge", "2xlarge"].map((size, index) =>
      database(`db.t4g.${size}`, 0.01 * (index + 1)),
    );
    await run();
    const table = readTable(scratch.folder, region);
    assert.deepEqual(
      [...table].filter(([key]) => key.startsWith("rds.postgres.")).map(([key, { usd }]) => [key, usd]),
      [
        ["rds.postgres.db.t4g.2xlarge", 0.05],
        ["rds.postgres.db.t4g.large", 0.03],
        ["rds.postgres.db.t4g.medium", 0.02],
        ["rds.postgres.db.t4g.micro", 0.01],
        ["rds.postgres.db.t4g.xlarge", 0.04],
      ],
    );
    const tokens = stub.asked.filter(({ Filters }) => Filters.some(({ Value }) => Value === "PostgreSQL"));
    assert.deepEqual(
      tokens.map(({ NextToken, target }) => [NextToken, target]),
      [undefined, "2", "4"].map((token) => [token, "AWSPriceListService.GetProducts"]),
    );
  });

  it("tells two prices that match one figure, and takes neither", async () => {
    const two = [gateway("NatGateway-Hours", 0.045), gateway("USE1-NatGateway-Hours", 0.05)];
    stub.products = two;
    const { status, text } = await run();
    assert.equal(status, 0);
    assert.match(
      text,
      /left: nat: 2 prices match: SKUNatGatewayHours \(NatGateway-Hours, NatGateway\) at 0\.045; SKUUSE1NatGatewayHours .* at 0\.05; it stays/,
    );
    assert.equal(readTable(scratch.folder, region).get("nat")?.usd, 0.04);
    stub.products = two.map((product) => ({ ...product, tiers: { "0": 0.045 } }));
    await run();
    assert.equal(readTable(scratch.folder, region).get("nat")?.usd, 0.045, "two products at one price are one price");
  });

  it("takes no price in another unit", async () => {
    stub.products = [gateway("NatGateway-Hours", 32.85, "Mo")];
    const { text } = await run();
    assert.match(text, /left: nat: AWS quotes it by "Mo", which is not the unit expected/);
    assert.equal(readTable(scratch.folder, region).get("nat")?.usd, 0.04);
  });

  it("keeps a Local Zone's own prices apart", async () => {
    const zone = "us-east-1-chi-2";
    const there = linux("c6i.xlarge", 0.196);
    stub.products = [linux("c6i.xlarge", 0.17), { ...there, attributes: { ...there.attributes, regionCode: zone } }];
    await run(["--local-zone", zone]);
    const table = readTable(scratch.folder, region);
    assert.deepEqual([table.get("ec2.c6i.xlarge")?.usd, table.get(`${zone}/ec2.c6i.xlarge`)?.usd], [0.17, 0.196]);
  });

  it("makes the table of a Region that has none", async () => {
    const own = linux("t3.small", 0.0228);
    stub.products = [{ ...own, attributes: { ...own.attributes, regionCode: "eu-west-1" } }];
    assert.equal((await run(["--region", "eu-west-1"])).status, 0);
    assert.equal(readTable(scratch.folder, "eu-west-1").get("ec2.t3.small")?.usd, 0.0228);
    assert.equal(readTable(scratch.folder, region).get("ec2.t3.small")?.usd, 0.02, "the other Region's stays");
  });

  it("writes nothing with --dry-run and --check, which ends with 1 where something differs", async () => {
    stub.products = [gateway("NatGateway-Hours", 0.045)];
    const before = bytes();
    assert.equal((await run(["--dry-run"])).status, 0);
    assert.equal((await run(["--check"])).status, 1);
    assert.deepEqual(bytes(), before);
    await run();
    assert.equal((await run(["--check"])).status, 0);
    const written = bytes();
    await run();
    assert.deepEqual(bytes(), written, "a second run changes nothing");
  });

  describe("fails whole", () => {
    const failsWith = async (message: RegExp, own = client()) => {
      stub.products = [gateway("NatGateway-Hours", 0.045)];
      const before = bytes();
      const { status, text } = await run([], own);
      assert.equal(status, 3);
      assert.match(text, message);
      assert.doesNotMatch(text, /\n +at /);
      assert.deepEqual(bytes(), before);
    };

    it("without a network", () =>
      failsWith(
        /cannot be reached: ECONNREFUSED .* api\.pricing\.us-east-1\.amazonaws\.com/,
        client({ endpoint: "http://127.0.0.1:1" }),
      ));

    it("with credentials that AWS refuses, half of the way through", () => {
      const message = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: pricing:GetProducts";
      stub.refusal = { status: 400, type: "AccessDeniedException", message, from: 20 };
      return failsWith(
        /AWS refused the credentials: AccessDeniedException: User.* one permission needed is pricing:GetProducts/,
      );
    });

    it("when AWS fails", () => {
      stub.refusal = { status: 500, type: "InternalErrorException", message: "An error on the server", from: 3 };
      return failsWith(/The AWS Price List API failed: InternalErrorException: An error on the server/);
    });

    it("without credentials", async () => {
      const { AWS_PROFILE: _profile, ...environment } = process.env;
      const child = spawn("node", ["--require", "tsx/cjs", "plan/prices/cli.ts", "--dry-run"], {
        cwd: projectRoot(),
        env: {
          ...environment,
          AWS_ACCESS_KEY_ID: "",
          AWS_SECRET_ACCESS_KEY: "",
          AWS_EC2_METADATA_DISABLED: "true",
          AWS_CONFIG_FILE: scratch.file("none"),
          AWS_SHARED_CREDENTIALS_FILE: scratch.file("none"),
          AWS_ENDPOINT_URL_PRICING: endpoint,
        },
        stdio: ["ignore", "ignore", "pipe"],
      });
      let told = "";
      child.stderr.on("data", (data: Buffer) => (told += data.toString()));
      const status = await new Promise((resolve) => child.once("close", resolve));
      assert.equal(status, 3, told);
      assert.match(told, /No AWS credentials were found .* one permission needed is pricing:GetProducts/);
    });

    it("in words of its own for what has no name", () => {
      assert.match(explain(new Error("odd")), /^The AWS Price List API failed: Error: odd$/);
    });
  });

  it("refuses bad usage with status 2", async () => {
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = () => true;
    try {
      for (const args of [["--region", "mars"], ["--local-zone", "us-east-1"], ["--no-such"], ["x"]])
        assert.equal((await run(args)).status, 2, args.join(" "));
    } finally {
      process.stderr.write = write;
    }
    assert.deepEqual(stub.asked, []);
  });
});

describe("the checked-in price table", () => {
  const table = readTable(tablesFolder, region);

  it("is written as the command writes it", () => {
    const files = tableFiles(tablesFolder, region);
    const { ec2, services } = renderTable(region, table);
    assert.equal(readFileSync(files.services, "utf8"), services);
    assert.equal(readFileSync(files.ec2, "utf8"), ec2);
  });

  it("has a question to AWS for every figure, in the figure's own unit", () => {
    for (const [key, { unit }] of table) {
      const asked = figures[key] ?? families.find(({ prefix }) => key.startsWith(prefix));
      assert.equal(asked?.unit, unit, key);
    }
  });
});
