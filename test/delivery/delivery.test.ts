import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { validateDelivery, type DeliverySettings } from "../../delivery/config";
import { deliver } from "../../delivery/delivery";
import { planStack, type StackPlan } from "../../delivery/permissions/plans";
import { tagEverything } from "../../components/common/tags";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { runPolicies } from "../../plan/policy/run";
import { projectRoot } from "../../sandbox/emulator";
import { plain, Registered, testCloud } from "../support/program";

const project = "trading-platform-delivery";
const root = projectRoot();
const stages = ["dev", "qa", "prod"] as const;
const all = validateDelivery({
  repository: "acme/platform",
  state: {},
  pulumiCloud: { organization: "acme" },
  stages: { dev: { stack: "dev", ttl: "2027-01-31T20:00:00Z" }, qa: { stack: "qa" }, prod: { stack: "prod" } },
});

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: Record<string, Record<string, string | string[]>>;
}

describe("the delivery, of the stacks as they are", function () {
  let plans: StackPlan[];
  let made: Registered;
  let outputs: Record<string, unknown>;

  async function run(settings: DeliverySettings): Promise<Registered> {
    const result = await runProgram(
      () => {
        tagEverything({ project, stack: "main", stage: "prod", owner: "delivery" });
        return deliver(settings, testCloud, plans);
      },
      { project, stack: "main", config: { "aws:region": "us-east-1" }, answers: planAnswers("us-east-1") },
    );
    if (settings === all) outputs = result.markedOutputs;
    return new Registered(result);
  }

  before(async () => {
    plans = await Promise.all(stages.map((stack) => planStack(root, stack)));
    made = await run(all);
  });

  /** Statements of all of a role's policies. */
  const statementsOf = (role: string): Statement[] =>
    made.resources
      .filter(({ type, name }) => type === "aws:iam/policy:Policy" && name.startsWith(`${role}-`))
      .flatMap(({ inputs }) => (JSON.parse(String(plain(inputs.policy))) as { Statement: Statement[] }).Statement);
  const actionsOf = (role: string) =>
    statementsOf(role)
      .filter(({ Effect }) => Effect === "Allow")
      .flatMap(({ Action }) => Action);
  const resourcesOf = (role: string, service: string) =>
    statementsOf(role)
      .flatMap(({ Resource }) => Resource)
      .filter((arn) => arn.startsWith(`arn:aws:${service}:`));

  it("makes the roles of each stage and of the build, state, identity providers and Pulumi's settings", () => {
    const counts = made.counts();
    assert.deepEqual(
      [
        counts["aws:iam/openIdConnectProvider:OpenIdConnectProvider"],
        counts["aws:iam/role:Role"],
        counts["aws:s3/bucket:Bucket"],
        counts["aws:kms/key:Key"],
        counts["pulumiservice:index:DeploymentSettings"],
        counts["pulumiservice:index:DriftSchedule"],
        counts["pulumiservice:index:TtlSchedule"],
        counts["pulumiservice:index:PolicyGroup"],
      ],
      [2, 9, 1, 4, 3, 3, 1, 1],
    );
    assert.deepEqual(
      made
        .ofType("aws:iam/role:Role")
        .map(({ name }) => name)
        .sort(),
      [
        ...["deploy", "drift", "preview"].flatMap((reach) => ["dev", "prod", "qa"].map((stage) => `${reach}-${stage}`)),
        "registry",
      ].filter((role) => role !== "preview-prod"),
    );
  });

  it("keeps our policy pack", async () => {
    const file = parse(readFileSync(path.join(root, "delivery/Pulumi.main.yaml"), "utf8")) as {
      config: Record<string, unknown>;
    };
    const config = Object.fromEntries(
      Object.entries(file.config).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
    const { violations, waived, evaluated } = await runPolicies(made.resources, { project, stack: "main", config });
    assert.ok(evaluated > 50, `${evaluated} policies`);
    // The pack asks each stack of the live stage for these; they are the platform's stacks'.
    const ofThePlatform = new Set([
      "budget-present",
      "guardduty-and-config-present",
      "backup-plan-covers-state",
      "ebs-default-encryption",
    ]);
    const mandatory = violations.filter(
      ({ enforcement, policy }) => enforcement === "mandatory" && !ofThePlatform.has(policy),
    );
    assert.deepEqual(
      mandatory.map(({ policy, urn, message }) => `${policy} ${urn.split("::").at(-1)}: ${message}`),
      [],
    );
    const unscoped = waived.filter(({ policy }) => policy === "iam-resource-scoped");
    assert.ok(
      unscoped.every(({ message, urn }) => message.includes("statement Account ") || urn.includes("::boundary-")),
      "nothing else hides behind the waiver",
    );
    const kept = new Set(["iam-no-wildcard-action", "iam-no-admin"]);
    assert.ok(![...violations, ...waived].some(({ policy }) => kept.has(policy)), "not even a boundary");
  });

  it("pins whose tokens assume a role: subject and audience, whole", () => {
    const trust = (role: string) =>
      (
        JSON.parse(String(plain(made.one("aws:iam/role:Role", role).inputs.assumeRolePolicy))) as {
          Statement: Statement[];
        }
      ).Statement;
    const gitHub = (role: string) => trust(role)[0]?.Condition?.StringEquals;
    const of = (subject: string) => ({
      "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
      "token.actions.githubusercontent.com:sub": [`repo:acme/platform:${subject}`],
    });
    assert.deepEqual(gitHub("deploy-prod"), of("environment:prod"));
    assert.deepEqual(gitHub("drift-prod"), of("ref:refs/heads/main"));
    assert.deepEqual(gitHub("preview-qa"), of("pull_request"));
    assert.deepEqual([trust("deploy-qa").length, trust("drift-qa").length, trust("preview-qa").length], [2, 1, 1]);
    const cloud = trust("deploy-qa")[1]?.Condition?.StringEquals ?? {};
    assert.equal(cloud["api.pulumi.com/oidc:aud"], "aws:acme");
    assert.ok(
      cloud["api.pulumi.com/oidc:sub"]?.includes(
        "pulumi:deploy:org:acme:project:trading-platform:stack:qa:operation:update:scope:write",
      ),
    );
    assert.ok(!JSON.stringify(cloud).includes("stack:prod") && !JSON.stringify(cloud).includes("*"));
  });

  it("allows what the plan's resource types need, and no more", () => {
    for (const stage of stages) {
      const actions = actionsOf(`deploy-${stage}`);
      assert.deepEqual(
        actions.filter((action) => action.includes("*")),
        [],
        "no action has a wildcard",
      );
      for (const needed of [
        "ec2:CreateVpc",
        "ec2:RunInstances",
        "rds:CreateDBInstance",
        "s3:PutEncryptionConfiguration",
        "iam:PassRole",
      ])
        assert.ok(actions.includes(needed), `${stage}: ${needed}`);
      for (const never of [
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:TagUser",
        "iam:AttachUserPolicy",
        "sts:AssumeRole",
        "organizations:LeaveOrganization",
      ])
        assert.ok(!actions.includes(never), `${stage}: ${never}`);
    }
    assert.ok(actionsOf("deploy-prod").includes("guardduty:CreateDetector"));
    assert.ok(!actionsOf("deploy-dev").includes("guardduty:CreateDetector"), "dev has no security section");
    assert.ok(!actionsOf("deploy-dev").includes("ecs:CreateCluster"), "no stack has services");
  });

  it("fits IAM's limits: 6,144 characters a policy, ten policies a role", () => {
    const policies = made.ofType("aws:iam/policy:Policy");
    for (const { name, inputs } of policies) assert.ok(String(plain(inputs.policy)).length <= 6144, name);
    for (const { name } of made.ofType("aws:iam/role:Role").filter((role) => role.name !== "registry")) {
      const own = policies.filter((policy) => policy.name.startsWith(`${name}-`)).length;
      assert.ok(own > 0 && own <= 10, `${name}: ${own}`);
    }
  });

  it("makes a boundary for the roles of each stage, by the name that stack files take", () => {
    const boundaries = made
      .ofType("aws:iam/policy:Policy")
      .filter(({ name }) => name.startsWith("boundary-"))
      .map(({ inputs }) => inputs.name);
    assert.deepEqual(
      boundaries,
      stages.map((stage) => `trading-platform-boundary-${stage}`),
    );
    assert.deepEqual(
      outputs.permissionsBoundaries,
      Object.fromEntries(stages.map((stage) => [stage, `trading-platform-boundary-${stage}`])),
    );
    for (const stage of stages) {
      const guard = statementsOf(`deploy-${stage}`).find(({ Sid }) => Sid === "DeliveryStays");
      assert.deepEqual(
        [guard?.Effect, guard?.Resource.includes("arn:aws:iam::123456789012:*/deploy-*")],
        ["Deny", true],
      );
    }
  });

  it("lets previews and drift read only, and no preview read a secret", () => {
    for (const stage of stages) {
      for (const reach of ["preview", "drift"].filter((one) => `${one}-${stage}` !== "preview-prod")) {
        const own = statementsOf(`${reach}-${stage}`).filter(
          ({ Sid, Effect }) => !Sid.startsWith("State") && Effect === "Allow",
        );
        const writing = own
          .flatMap(({ Action }) => Action)
          .filter((action) => !/:(Describe|Get|List|Validate|BatchGet|Decrypt)/.test(action));
        assert.deepEqual(writing, [], `${reach}-${stage}`);
      }
      assert.ok(!actionsOf(`preview-${stage}`).includes("secretsmanager:GetSecretValue"));
      assert.ok(actionsOf(`drift-${stage}`).includes("secretsmanager:GetSecretValue"));
    }
  });

  it("names a stage's own buckets, roles and secrets, and no other stage's", () => {
    const buckets = (stage: string) => resourcesOf(`deploy-${stage}`, "s3").filter((arn) => arn.includes("algo-model"));
    assert.deepEqual(buckets("qa"), ["arn:aws:s3:::algo-model-deploy", "arn:aws:s3:::algo-model-deploy/*"]);
    assert.deepEqual(buckets("prod"), ["arn:aws:s3:::algo-model-deploy-prod", "arn:aws:s3:::algo-model-deploy-prod/*"]);
    const secrets = resourcesOf("deploy-qa", "secretsmanager");
    assert.ok(secrets.some((arn) => arn.endsWith(":secret:trading-platform/qa/*")));
    assert.ok(!secrets.some((arn) => arn.includes("/prod/")));
    const passed = statementsOf("deploy-prod").find(({ Sid }) => Sid === "PassRoles");
    assert.ok(
      [passed?.Resource].flat().every((arn) => /:role\/[a-z]+-\*$/.test(arn ?? "")),
      JSON.stringify(passed?.Resource),
    );
    assert.ok(passed?.Condition?.StringEquals?.["iam:PassedToService"]?.includes("ec2.amazonaws.com"));
    const denied = statementsOf("deploy-prod").find(({ Sid }) => Sid === "OtherStacks");
    assert.deepEqual(
      [denied?.Effect, denied?.Condition?.StringNotEquals],
      ["Deny", { "aws:ResourceTag/stack": "prod" }],
    );
  });

  it("may look for what an interrupted run made, by tags: AWS knows no resource for that", () => {
    for (const role of ["deploy-qa", "deploy-prod"]) {
      const looks = statementsOf(role).find(({ Action }) => [Action].flat().includes("tag:GetResources"));
      assert.deepEqual([looks?.Effect, looks?.Resource], ["Allow", "*"], role);
    }
  });

  it("reports every statement that names no resource, with its reason", () => {
    const report =
      (outputs.wildcards as Record<string, { sid: string; resource: string; reason: string; actions: string[] }[]>)
        .prod ?? [];
    const wide = statementsOf("deploy-prod").filter(
      ({ Effect, Resource }) => Effect === "Allow" && [Resource].flat().includes("*"),
    );
    const reported = new Set(report.filter(({ resource }) => resource === "*").map(({ sid }) => sid));
    assert.deepEqual(
      wide.map(({ Sid }) => Sid.replace(/\d+$/, "")).filter((sid) => !reported.has(sid)),
      [],
    );
    assert.ok(reported.size > 0 && report.every(({ reason, actions }) => reason.length > 10 && actions.length > 0));
  });

  it("closes and keeps the bucket of state", () => {
    const bucket = made.one("aws:s3/bucket:Bucket");
    assert.deepEqual([bucket.protect, bucket.retainOnDelete], [true, true]);
    const rule = (
      made.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration").inputs
        .rules as {
        applyServerSideEncryptionByDefault: { sseAlgorithm: string; kmsMasterKeyId: string };
      }[]
    )[0];
    assert.equal(rule?.applyServerSideEncryptionByDefault.sseAlgorithm, "aws:kms");
    assert.equal(
      (made.one("aws:s3/bucketVersioning:BucketVersioning").inputs.versioningConfiguration as { status: string })
        .status,
      "Enabled",
    );
    const policy = String(plain(made.one("aws:s3/bucketPolicy:BucketPolicy").inputs.policy));
    assert.match(policy, /"aws:SecureTransport":"false"/);
    assert.match(policy, /"aws:PrincipalAccount":"123456789012"/);
  });

  it("keeps each stage to its own state and to the key of its own secrets", () => {
    const keyOf = (stage: string) => {
      const found = /awskms:\/\/\/(arn:[^?]+)/.exec(
        String((outputs.secretsProviders as Record<string, string>)[stage]),
      );
      return found?.[1] ?? assert.fail(`no key of ${stage}`);
    };
    assert.equal(new Set(stages.map(keyOf)).size, stages.length);
    for (const stage of stages) {
      for (const reach of ["deploy", "drift", "preview"].filter((one) => `${one}-${stage}` !== "preview-prod")) {
        const own = statementsOf(`${reach}-${stage}`).filter(({ Sid }) => Sid.startsWith("State"));
        const objects = own.flatMap(({ Resource }) => Resource).filter((arn) => arn.includes("/.pulumi/"));
        for (const arn of objects.filter((it) => !it.endsWith("/meta.yaml")))
          assert.match(arn, new RegExp(`/trading-platform/${stage}(\\.json\\*|/\\*)$`));
        const keys = own.find(({ Sid }) => Sid === "StateKeys")?.Resource ?? [];
        assert.ok(keys.includes(keyOf(stage)));
        for (const other of stages.filter((one) => one !== stage))
          assert.ok(!keys.includes(keyOf(other)), `${reach}-${stage}`);
      }
    }
  });

  it("lets previews and looks for drift lock a state, and not write it", () => {
    const written = (role: string) =>
      [statementsOf(role).find(({ Sid }) => Sid === "StateWrites")?.Resource].flat().map(String);
    for (const role of ["preview-dev", "preview-qa", "drift-prod"])
      assert.ok(
        written(role).every((arn) => arn.includes("/.pulumi/locks/")),
        role,
      );
    assert.ok(written("deploy-prod").some((arn) => arn.includes("/.pulumi/stacks/trading-platform/prod.json")));
  });

  it("makes no role with which a pull request could read the secrets of live trading", () => {
    const takes = made
      .ofType("aws:iam/role:Role")
      .filter(({ inputs }) => String(plain(inputs.assumeRolePolicy)).includes(":pull_request"))
      .map(({ name }) => name);
    assert.deepEqual(takes.toSorted(), ["preview-dev", "preview-qa"]);
  });

  it("lets main's build push its own images, and nothing else", () => {
    const role = made.one("aws:iam/role:Role", "registry");
    assert.match(String(plain(role.inputs.assumeRolePolicy)), /repo:acme\/platform:ref:refs\/heads\/main"/);
    const { Statement: allowed } = JSON.parse(
      String(plain(made.one("aws:iam/rolePolicy:RolePolicy", "registry-push").inputs.policy)),
    ) as { Statement: Statement[] };
    assert.deepEqual(
      allowed.map(({ Sid, Resource }) => [Sid, Resource]),
      [
        ["Push", ["model-trader", "market-data"].map((it) => `arn:aws:ecr:us-east-1:123456789012:repository/${it}`)],
        ["LogInToRegistry", "*"],
      ],
    );
    assert.ok(allowed[0]?.Action.includes("ecr:PutImage"));
    assert.ok(!JSON.stringify(allowed).includes("Delete"));
  });

  it("deploys dev by a push, the others not; drift is looked for and never mended by itself", () => {
    const settings = made.ofType("pulumiservice:index:DeploymentSettings");
    const byStack: Record<string, boolean> = {};
    for (const { inputs } of settings)
      byStack[String(inputs.stack)] = (inputs.vcs as { deployCommits: boolean }).deployCommits;
    assert.deepEqual(byStack, { dev: true, qa: false, prod: false });
    for (const { inputs } of made.ofType("pulumiservice:index:DriftSchedule"))
      assert.equal(inputs.autoRemediate, false);
    const ttl = made.one("pulumiservice:index:TtlSchedule").inputs;
    assert.deepEqual([ttl.stack, ttl.timestamp, ttl.deleteAfterDestroy], ["dev", "2027-01-31T20:00:00Z", false]);
  });

  it("leaves out what is not asked for", async () => {
    const few = await run(validateDelivery({ repository: "acme/platform", gitHubProviderExists: true }));
    assert.deepEqual(
      [
        few.ofType("aws:iam/openIdConnectProvider:OpenIdConnectProvider").length,
        few.ofType("aws:s3/bucket:Bucket").length,
        few.resources.filter(({ type }) => type.startsWith("pulumiservice:")).length,
        few.ofType("aws:iam/role:Role").length,
      ],
      [0, 0, 0, 9],
    );
  });

  it("refuses a plan with a resource type that it does not know, before it makes a role", async () => {
    const plan = {
      stack: "dev",
      stage: "dev",
      resources: [{ type: "aws:nonesuch/thing:Thing", name: "x", inputs: {} }],
    };
    const settings = validateDelivery({ repository: "acme/platform", stages: { dev: { stack: "dev" } } });
    await assert.rejects(
      runProgram(() => deliver(settings, testCloud, [plan]), {
        project,
        stack: "main",
        config: {},
        answers: planAnswers("us-east-1"),
      }),
      /stacks\.dev: has resource types whose calls are not known: aws:nonesuch\/thing:Thing/,
    );
  });
});
