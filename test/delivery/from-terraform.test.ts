import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse as parseHcl } from "@cdktf/hcl2json";
import { parse } from "yaml";
import { main } from "../../delivery/from-terraform/cli";
import { importId } from "../../delivery/from-terraform/import-ids";
import { convertVariables, mistakesOf, stackFileText } from "../../delivery/from-terraform/stack-file";
import { convertState, parseState } from "../../delivery/from-terraform/state";
import types from "../../delivery/from-terraform/types.json";
import { variables, withoutCounterpart } from "../../delivery/from-terraform/variables";
import { assertTold, captured } from "../support/command";

const project = "trading-platform";

/** Variables in the style of the AI platform's production environment. */
const aiPlatform = `
# Instance sizing for production workloads
environment           = "production"
region                = "us-east-1"
vpc_cidr              = "10.0.0.0/16"
availability_zones    = ["us-east-1a", "us-east-1b", "us-east-1c"]
rds_instance_class    = "db.r6g.2xlarge"
rds_engine_version    = "15.4"
elasticache_node_type = "cache.r7g.2xlarge"
elasticache_engine_version = "7.0"

rds_multi_az                           = true
elasticache_multi_az_enabled           = true
elasticache_automatic_failover_enabled = true
elasticache_replicas_per_node_group    = 2

rds_deletion_protection        = true
elasticache_auth_token_enabled = true
rds_master_password            = "hunter2-hunter2"

rds_backup_retention_period           = 30
elasticache_snapshot_retention_limit  = 7
favourite_colour                      = "blue"
`;

/** Variables in the style of the model fleet's environments. */
const modelFleet = `
environment                  = "qa"
bucket_name                  = "algo-model-deploy"
trading_server_instance_type = "t3.medium"
trading_server_ami_id        = "ami-0c55b159cbfafe1f0"
enable_shutdown_schedule     = true
`;

describe("Terraform's variables", () => {
  it("become a stack file that the program accepts: the AI platform's", async () => {
    const { config, left } = convertVariables(await parseHcl("terraform.tfvars", aiPlatform), project, {});
    assert.deepEqual(config, {
      "aws:region": "us-east-1",
      [`${project}:stage`]: "prod",
      [`${project}:owner`]: "trading",
      [`${project}:network`]: { cidr: "10.0.0.0/16", zones: ["us-east-1a", "us-east-1b", "us-east-1c"] },
      [`${project}:data`]: {
        postgres: {
          instanceClass: "db.r6g.2xlarge",
          engineVersion: "15",
          multiAz: true,
          deletionProtection: true,
          backup: { retentionDays: 30 },
        },
        redis: {
          nodeType: "cache.r7g.2xlarge",
          engineVersion: "7.0",
          multiAz: true,
          automaticFailover: true,
          replicasPerShard: 2,
          snapshots: { retentionDays: 7 },
        },
      },
    });
    assert.deepEqual(
      left.map(({ variable, reason }) => `${variable}: ${reason}`),
      [
        "elasticache_auth_token_enabled: Redis always asks for a token here",
        "favourite_colour: has no setting that is known",
        "rds_master_password: is a secret: pulumi config set --secret, or data.secrets",
      ],
    );
    assert.equal(mistakesOf(config, project, "prod"), undefined);
  });

  it("become a stack file that the program accepts: the model fleet's", async () => {
    const { config, left } = convertVariables(await parseHcl("terraform.tfvars", modelFleet), project, {});
    assert.deepEqual(
      [
        config[`${project}:fleet`],
        config[`${project}:schedule`],
        config[`${project}:network`],
        config[`${project}:stage`],
      ],
      [{ bucket: "algo-model-deploy", instanceType: "t3.medium", ami: "ami-0c55b159cbfafe1f0" }, {}, {}, "qa"],
    );
    assert.deepEqual([left, mistakesOf(config, project, "qa")], [[], undefined]);
  });

  it("are read as Terraform reads them", async function () {
    if (spawnSync("terraform", ["version"]).status !== 0) {
      console.error("      skipped: terraform is not on the PATH");
      return this.skip();
    }
    const folder = mkdtempSync(path.join(tmpdir(), "terraform-"));
    const text = `${aiPlatform}\nnested = { a = [1, 2.5, null], "b c" = { d = false } }\nquoted = "a \\"b\\" \\u00e4 $\${x}"\nlong = <<EOT\none\ntwo\nEOT\n`;
    const ours = await parseHcl("terraform.tfvars", text);
    const names = Object.keys(ours);
    writeFileSync(path.join(folder, "terraform.tfvars"), text);
    writeFileSync(
      path.join(folder, "main.tf"),
      `${names.map((name) => `variable "${name}" {}\n`).join("")}output "all" {\n  value = { ${names.map((name) => `${name} = var.${name}`).join(", ")} }\n}\n`,
    );
    const terraform = (...args: string[]) => spawnSync("terraform", args, { cwd: folder, encoding: "utf8" });
    const applied = terraform("apply", "-auto-approve", "-no-color", "-input=false");
    assert.equal(applied.status, 0, applied.stdout + applied.stderr);
    const theirs = JSON.parse(terraform("output", "-json", "all").stdout) as Record<string, unknown>;
    const { quoted, ...plain } = ours;
    const { quoted: theirQuoted, ...theirPlain } = theirs;
    assert.deepEqual(plain, theirPlain);
    assert.equal(theirQuoted, 'a "b" ä ${x}');
    assert.match(String(quoted), /\$\{x\}/, "an escaped template stays recognizable, and is not taken over");
    rmSync(folder, { recursive: true });
  });

  it("name every mistake that is left, with status 1", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfvars-"));
    const file = path.join(folder, "terraform.tfvars");
    const out = path.join(folder, "Pulumi.mine.yaml");
    writeFileSync(file, 'environment = "mars"\nvpc_cidr = "nonsense"\ninstance_type = var.type\n');
    const bad = await captured(main, "--tfvars", file, "--out", out);
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /environment: says nothing for stage: "mars"/);
    assert.match(bad.stderr, /instance_type: is an expression, not a value/);
    assert.match(bad.stderr, /stage: is missing/);
    assert.match(bad.stderr, /network\.cidr: is not an IPv4 CIDR block/);
    writeFileSync(file, aiPlatform);
    const good = await captured(main, "--tfvars", file, "--out", out, "--owner", "ai");
    assert.equal(good.status, 0, good.stderr);
    const written = readFileSync(out, "utf8");
    assert.match(written, /^# From terraform\.tfvars\. .*\n(#.*\n)+config:\n/);
    assert.ok(
      written.startsWith(`# From terraform.tfvars. Look through it, then: npm run plan -- --config-file ${out}\n`),
    );
    const converted = { config: {}, taken: [], left: [] };
    assert.match(stackFileText(converted, "t.tfvars", "Pulumi.qa.yaml"), /then: npm run plan -- qa\n/);
    assert.ok(!written.includes("hunter2"), "no secret in the file");
    assert.equal((parse(written) as { config: Record<string, unknown> }).config[`${project}:owner`], "ai");
    writeFileSync(`${file}.json`, JSON.stringify({ environment: "dev", vpc_cidr: "10.1.0.0/16" }));
    assert.match((await captured(main, "--tfvars", `${file}.json`)).stdout, /trading-platform:stage: dev/);
    rmSync(folder, { recursive: true });
  });

  it("lead to settings that exist", () => {
    const paths = Object.values(variables)
      .flat()
      .map(({ path: at }) => at);
    for (const at of paths.filter((one) => one.includes("."))) {
      const [section = "", ...rest] = at.split(".");
      const nested = rest.reduceRight<unknown>((inner, step) => ({ [step]: inner }), { wrong: true });
      const config = { "aws:region": "us-east-1", [`${project}:stage`]: "qa", [`${project}:${section}`]: nested };
      const said = mistakesOf(config, project, "x") ?? "";
      for (let depth = 1; depth <= rest.length; depth++) {
        const part = [section, ...rest.slice(0, depth)].join(".");
        assert.ok(!said.includes(`${part}: is not a setting`), at);
      }
    }
    assert.deepEqual(
      Object.keys(withoutCounterpart).filter((name) => name in variables),
      [],
    );
  });
});

describe("Terraform's state", () => {
  const state = (...resources: object[]) => JSON.stringify({ version: 4, terraform_version: "1.11.0", resources });
  const managed = (type: string, name: string, instances: object[], more: object = {}) => ({
    mode: "managed",
    type,
    name,
    instances,
    ...more,
  });

  it("becomes an import file: type, name and id of each resource", () => {
    const text = state(
      managed("aws_vpc", "main", [{ attributes: { id: "vpc-1" } }]),
      managed(
        "aws_subnet",
        "app",
        [
          { index_key: "a", attributes: { id: "subnet-1" } },
          { index_key: "b", attributes: { id: "subnet-2" } },
        ],
        { module: "module.vpc" },
      ),
      managed("aws_instance", "trader", [{ index_key: 0, attributes: { id: "i-1" } }], { module: 'module.fleet["x"]' }),
      managed("aws_iam_role_policy_attachment", "ssm", [
        { attributes: { id: "x", role: "r", policy_arn: "arn:aws:iam::aws:policy/P" } },
      ]),
    );
    assert.deepEqual(convertState(parseState(text, "f")).file.resources, [
      { type: "aws:ec2/vpc:Vpc", name: "main", id: "vpc-1" },
      { type: "aws:ec2/subnet:Subnet", name: "vpc-app-a", id: "subnet-1" },
      { type: "aws:ec2/subnet:Subnet", name: "vpc-app-b", id: "subnet-2" },
      { type: "aws:ec2/instance:Instance", name: "fleet-x-trader-0", id: "i-1" },
      { type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", name: "ssm", id: "r/arn:aws:iam::aws:policy/P" },
    ]);
  });

  it("names what is not imported, and why", () => {
    const text = state(
      { mode: "data", type: "aws_ami", name: "al2023", instances: [{ attributes: { id: "ami-1" } }] },
      managed("random_id", "x", [{ attributes: { id: "1" } }]),
      managed("aws_nonesuch", "x", [{ attributes: { id: "1" } }]),
      managed("aws_instance", "old", [{ deposed: "abc", attributes: { id: "i-0" } }]),
      managed("aws_route", "r", [{ attributes: { id: "r-1", route_table_id: "rtb-1" } }]),
    );
    assert.deepEqual(
      convertState(parseState(text, "f")).left.map(({ address, reason }) => `${address}: ${reason}`),
      [
        "aws_ami.al2023: is a data source: the program looks it up itself",
        "random_id.x: random_id is not of the aws provider",
        "aws_nonesuch.x: Pulumi's aws provider has no aws_nonesuch",
        "aws_instance.old: is deposed: terraform apply removes it first",
        "aws_route.r: its id for an import cannot be told from the state",
      ],
    );
  });

  it("keeps names apart", () => {
    const text = state(
      managed("aws_sqs_queue", "a_b", [{ attributes: { id: "1" } }]),
      managed("aws_sqs_queue", "a-b", [{ attributes: { id: "2" } }]),
      managed("aws_sns_topic", "a-b", [{ attributes: { id: "3" } }]),
    );
    assert.deepEqual(
      convertState(parseState(text, "f")).file.resources.map(({ name }) => name),
      ["a-b", "a-b-2", "a-b"],
    );
  });

  const cases: [string, Record<string, unknown>, string | undefined][] = [
    ["aws_vpc", { id: "vpc-1" }, "vpc-1"],
    ["aws_vpc", {}, undefined],
    ["aws_route", { route_table_id: "rtb-1", destination_cidr_block: "0.0.0.0/0" }, "rtb-1_0.0.0.0/0"],
    ["aws_route_table_association", { subnet_id: "subnet-1", route_table_id: "rtb-1" }, "subnet-1/rtb-1"],
    [
      "aws_security_group_rule",
      {
        security_group_id: "sg-1",
        type: "ingress",
        protocol: "tcp",
        from_port: 443,
        to_port: 443,
        cidr_blocks: ["10.0.0.0/8"],
        self: false,
      },
      "sg-1_ingress_tcp_443_443_10.0.0.0/8",
    ],
    [
      "aws_security_group_rule",
      { security_group_id: "sg-1", type: "egress", protocol: "-1", from_port: 0, to_port: 0, self: true },
      "sg-1_egress_-1_0_0_self",
    ],
    ["aws_lambda_permission", { function_name: "f", statement_id: "s", qualifier: "" }, "f/s"],
    ["aws_lambda_permission", { function_name: "f", statement_id: "s", qualifier: "live" }, "f:live/s"],
    ["aws_ecs_service", { cluster: "arn:aws:ecs:us-east-1:1:cluster/main", name: "bot" }, "main/bot"],
    [
      "aws_ecs_task_definition",
      { id: "bot", arn: "arn:aws:ecs:us-east-1:1:task-definition/bot:3" },
      "arn:aws:ecs:us-east-1:1:task-definition/bot:3",
    ],
    ["aws_cloudwatch_event_target", { event_bus_name: "default", rule: "r", target_id: "t" }, "default/r/t"],
    ["aws_eks_node_group", { cluster_name: "c", node_group_name: "n" }, "c:n"],
  ];
  for (const [type, attributes, wanted] of cases)
    it(`imports ${type} by ${wanted ?? "nothing"}`, () => assert.equal(importId(type, attributes), wanted));

  it("knows every type that Pulumi's provider has", () => {
    assert.ok(Object.keys(types).length > 1_000);
    assert.equal((types as Record<string, string>).aws_lb, "aws:lb/loadBalancer:LoadBalancer");
  });

  it("tells mistakes by their message, with status 2, and an empty result with 3", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "tfstate-"));
    const file = path.join(folder, "x");
    for (const [text, args, status, message] of [
      ["", [], 2, /Give either --tfvars or --state/],
      ["nonsense", ["--state", file], 2, /is not JSON\n {2}fix: terraform state pull/],
      ['{"version": 3}', ["--state", file], 2, /is not a state of Terraform in version 4, but 3/],
      [state(), ["--state", file], 3, /holds no resource that could be imported/],
      ["a = [", ["--tfvars", file], 2, /is not in Terraform's language/],
      ["", ["--tfvars", "/nonesuch"], 2, /^--tfvars \/nonesuch: there is no such file$/m],
      ["", ["--tfvars", file, "--stage", "mars"], 2, /--stage mars: is no stage/],
      ['environment = "dev"', ["--tfvars", file, "--out", "/nonesuch/x"], 2, /there is no folder \/nonesuch/],
      ["", ["--tfvars", file, "--state", file], 2, /Give either/],
    ] as [string, string[], number, RegExp][]) {
      writeFileSync(file, text);
      assertTold(await captured(main, ...args), status, message, args.join(" "));
    }
    rmSync(folder, { recursive: true });
  });
});
