import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { main } from "../../delivery/from-terraform/cli";
import { startEmulator, type Emulator } from "../../sandbox/emulator";
import { captured } from "../support/command";
import { backing } from "./live-stack";
import { stepwise } from "../support/stepwise";

/** A provider of Terraform for AWS: named by a variable, or on the PATH. */
function terraformProvider(): string | undefined {
  const named = process.env.TERRAFORM_PROVIDER_AWS;
  const places = (process.env.PATH ?? "").split(":").map((at) => path.join(at, "terraform-provider-aws"));
  return [...(named ? [named] : []), ...places].find((file) => existsSync(file));
}

const configuration = (endpoint: string) => `
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
  endpoints {
    ec2 = "${endpoint}"
    iam = "${endpoint}"
    s3  = "${endpoint}"
    logs = "${endpoint}"
    sts = "${endpoint}"
  }
}

data "aws_partition" "here" {}

resource "aws_vpc" "main" {
  cidr_block = "10.9.0.0/16"
}

module "subnets" {
  source = "./subnets"
  vpc_id = aws_vpc.main.id
}

resource "aws_internet_gateway" "out" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.main.id
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.out.id
}

resource "aws_route_table_association" "public" {
  for_each       = module.subnets.ids
  subnet_id      = each.value
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.main.id
}

resource "aws_security_group_rule" "https" {
  type              = "egress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = ["0.0.0.0/0"]
  security_group_id = aws_security_group.app.id
}

resource "aws_s3_bucket" "models" {
  bucket = "models-of-terraform"
}

resource "aws_cloudwatch_log_group" "orders" {
  count = 2
  name  = "/trader/orders-\${count.index}"
}

resource "aws_iam_role" "trader" {
  name               = "trader"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}

resource "aws_iam_policy" "read" {
  name   = "read"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "\${aws_s3_bucket.models.arn}/*" }] })
}

resource "aws_iam_role_policy_attachment" "read" {
  role       = aws_iam_role.trader.name
  policy_arn = aws_iam_policy.read.arn
}
`;

const subnets = `
variable "vpc_id" {}

resource "aws_subnet" "app" {
  for_each   = { a = "10.9.1.0/24", b = "10.9.2.0/24" }
  vpc_id     = var.vpc_id
  cidr_block = each.value
}

output "ids" {
  value = { for key, subnet in aws_subnet.app : key => subnet.id }
}
`;

interface Imported {
  readonly resources: readonly { readonly type: string; readonly name: string; readonly id: string }[];
}

describe("what Terraform deployed, taken over by Pulumi", function () {
  stepwise();
  const provider = terraformProvider();
  let folder: string;
  let emulator: Emulator;
  let imported: Imported;

  before(async function () {
    const missing =
      spawnSync("terraform", ["version"]).status !== 0
        ? "terraform is not on the PATH"
        : provider === undefined
          ? "terraform-provider-aws is neither on the PATH nor named by TERRAFORM_PROVIDER_AWS"
          : backing().backing === "stand-in provider"
            ? "Pulumi's aws plugin is not installed"
            : undefined;
    if (missing !== undefined) {
      console.error(`      skipped: ${missing}`);
      return this.skip();
    }
    folder = mkdtempSync(path.join(tmpdir(), "terraform-"));
    emulator = await startEmulator({ honourEndpoint: false });
  });

  after(async () => {
    await (emulator as Emulator | undefined)?.stop();
    if ((folder as string | undefined) !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it("is deployed by Terraform itself", () => {
    mkdirSync(path.join(folder, "subnets"));
    writeFileSync(path.join(folder, "main.tf"), configuration(emulator.endpoint));
    writeFileSync(path.join(folder, "subnets/main.tf"), subnets);
    const rc = path.join(folder, "terraform.rc");
    // The provider as it is on this machine: nothing is fetched.
    writeFileSync(
      rc,
      `provider_installation {\n  dev_overrides {\n    "hashicorp/aws" = "${path.dirname(provider ?? "")}"\n  }\n}\n`,
    );
    const env = { ...process.env, TF_CLI_CONFIG_FILE: rc, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" };
    const terraform = (...args: string[]) => spawnSync("terraform", args, { cwd: folder, env, encoding: "utf8" });
    assert.equal(terraform("get").status, 0);
    const applied = terraform("apply", "-auto-approve", "-input=false", "-no-color");
    assert.equal(applied.status, 0, applied.stdout.slice(-3_000) + applied.stderr);
  });

  it("becomes an import file of every resource", async () => {
    const out = path.join(folder, "import.json");
    const ran = await captured(main, "--state", path.join(folder, "terraform.tfstate"), "--out", out);
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stderr, /^16 resources to import, 1 not\n {2}aws_partition\.here: is a data source/);
    imported = JSON.parse(readFileSync(out, "utf8")) as Imported;
    assert.equal(imported.resources.length, 16);
  });

  it("is imported by Pulumi's engine, each by its id, and nothing is changed", () => {
    const { engine } = backing();
    const work = path.join(folder, "pulumi");
    mkdirSync(path.join(work, "state"), { recursive: true });
    writeFileSync(path.join(work, "Pulumi.yaml"), "name: taken-over\nruntime: nodejs\n");
    writeFileSync(
      path.join(work, "Pulumi.x.yaml"),
      `config:\n  aws:region: us-east-1\n  aws:skipCredentialsValidation: "true"\n  aws:skipMetadataApiCheck: "true"\n  aws:s3UsePathStyle: "true"\n`,
    );
    const env = {
      ...process.env,
      PATH: `${engine.binFolder}:${process.env.PATH}`,
      PULUMI_BACKEND_URL: `file://${path.join(work, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "import",
      PULUMI_SKIP_UPDATE_CHECK: "1",
      AWS_ENDPOINT_URL: emulator.endpoint,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    };
    const pulumi = (...args: string[]) =>
      execFileSync("pulumi", [...args, "--non-interactive"], { cwd: work, env, encoding: "utf8", maxBuffer: 1e8 });
    pulumi("stack", "init", "x");
    try {
      pulumi(
        "import",
        "--stack",
        "x",
        "--file",
        path.join(folder, "import.json"),
        "--yes",
        "--generate-code=false",
        "--skip-preview",
      );
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      assert.fail(`${stdout}\n${stderr}`.slice(-4_000));
    }
    const state = JSON.parse(pulumi("stack", "export", "--stack", "x")) as {
      deployment: { resources: { type: string; urn: string; id?: string }[] };
    };
    const held = state.deployment.resources
      .filter(({ type }) => type.startsWith("aws:"))
      .map(({ type, urn }) => `${type} ${urn.split("::").at(-1)}`)
      .sort();
    assert.deepEqual(held, imported.resources.map(({ type, name }) => `${type} ${name}`).sort());
  });
});
