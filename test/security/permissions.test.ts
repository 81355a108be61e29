import assert from "node:assert/strict";
import { statementsOf } from "../../policy/frame/documents";
import { analyzeRecorded, type Stage } from "../policy/support/pack";
import { evaluated, stackFiles } from "../support/every-stack";
import { plain } from "../support/program";
import { escalationsOf, isBound, mayDo, rolesOf, wildcardsOf, type Foreign } from "./support/permissions";

const document = (...statements: Record<string, unknown>[]) => ({
  statements: statementsOf({
    Version: "2012-10-17",
    Statement: statements.map((one) => ({ Effect: "Allow", ...one })),
  }),
});

/** Ways to more rights that a role has by what it is for, and what keeps them from leading anywhere. */
const explained: readonly { readonly role: RegExp; readonly path: string; readonly because: string }[] = [
  {
    role: /^schedule-drain-batch-/,
    path: "ssm:SendCommand",
    because: "one document, whose only parameter is a number of seconds, on instances with the stack's own tags",
  },
  {
    role: /^data-timescale-rotation-/,
    path: "ssm:SendCommand",
    because: "one document, on the database's own two nodes",
  },
  {
    role: /^web-refresh-/,
    path: "iam:PassRole + ec2:RunInstances",
    because: "an instance refresh starts the web hosts again: their role only, to EC2 only, from their launch template",
  },
];

/** AWS-managed policies in use. Each is the one that its service asks for by name. */
const managedAllowed: readonly RegExp[] = [
  /AmazonSSMManagedInstanceCore$/,
  /CloudWatchAgentServerPolicy$/,
  /AWSLambdaVPCAccessExecutionRole$/,
  /AWS_ConfigRole$/,
  /AmazonRDSEnhancedMonitoringRole$/,
  /AmazonEKS(ClusterPolicy|WorkerNodePolicy|_CNI_Policy)$/,
  /AmazonEC2ContainerRegistryPullOnly$/,
  /AmazonEBSCSIDriverPolicy$/,
  /AmazonECS(InfrastructureRolePolicyForLoadBalancers|TaskExecutionRolePolicy)$/,
  /AWSBackupServiceRolePolicyFor(Backup|Restores)$/,
  /EC2InstanceProfileForImageBuilder$/,
  /AmazonEC2ContainerServiceforEC2Role$/, // what Batch's hosts need to register themselves and to pull images
];

describe("permissions of every role", () => {
  it("are judged by an analysis that finds the known ways", () => {
    const found = (...statements: Record<string, unknown>[]) =>
      escalationsOf(document(...statements)).map(({ path }) => path.join(" + "));
    assert.deepEqual(found({ Action: "iam:CreatePolicyVersion", Resource: "*" }), ["iam:CreatePolicyVersion"]);
    assert.deepEqual(
      found({ Action: ["iam:Pass*"], Resource: "*" }, { Action: "lambda:CreateFunction", Resource: "*" }),
      ["iam:PassRole + lambda:CreateFunction"],
    );
    assert.deepEqual(found({ Action: "iam:PassRole", Resource: "*" }), []);
    assert.deepEqual(found({ Action: "s3:GetObject", Resource: "*" }), []);
    assert.ok(found({ NotAction: "s3:*", Resource: "*" }).length > 50);
    assert.deepEqual(wildcardsOf(document({ Action: ["s3:*", "ec2:Describe*", "s3:GetObject"], Resource: "*" })), [
      "s3:*",
      "ec2:Describe*",
    ]);
  });

  for (const file of stackFiles) {
    it(`${file}: no wildcard, and no unexplained way to more rights`, async () => {
      const roles = rolesOf((await evaluated(file)).result);
      assert.ok(roles.length > 3 && roles.some(({ statements }) => statements.length > 0));
      for (const role of roles) {
        assert.deepEqual(wildcardsOf(role), [], role.name);
        for (const arn of role.managed)
          assert.ok(
            managedAllowed.some((form) => form.test(arn)),
            `${role.name}: ${arn}`,
          );
        for (const { path, statements } of escalationsOf(role)) {
          const why = explained.find((one) => one.role.test(role.name) && one.path === path.join(" + "));
          assert.ok(why, `${role.name} has ${path.join(" + ")}: ${JSON.stringify(statements)}`);
          for (const statement of statements.filter(({ actions }) => actions.some((one) => path[0] === one))) {
            assert.ok(isBound(statement), `${role.name}: ${JSON.stringify(statement)} is open`);
          }
        }
      }
    });
  }
});

const dataActions = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"];
const secretActions = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret"];

/** Another stage's buckets and secrets by the names that it has in AWS, where every stage shares one account. */
async function holdingsOf(file: string): Promise<{ readonly buckets: Foreign[]; readonly secrets: Foreign[] }> {
  const { result, stage } = await evaluated(file);
  const stack = /^Pulumi\.(\w+)\.yaml$/.exec(file)?.[1] ?? stage;
  const tags = { project: "trading-platform", stack, stage };
  const named = (type: string, property: string) =>
    result.resources
      .filter((one) => one.type === type)
      .map(({ name, inputs }) => {
        // What Pulumi names itself ends in random digits of its own.
        const given = plain(inputs[property]);
        return typeof given === "string" ? given.replace("/test/", `/${stack}/`) : `${name}-f0e1d2c`;
      });
  return {
    buckets: named("aws:s3/bucket:Bucket", "bucket").map((name) => ({ arn: `arn:aws:s3:::${name}`, tags })),
    secrets: named("aws:secretsmanager/secret:Secret", "name").map((name) => ({
      arn: `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`,
      tags,
    })),
  };
}

describe("reach of a stage's roles into another stage", () => {
  /** What the pack says of a stack in which a role may read some things that are not its own. */
  async function findingsOf(file: string, targets: readonly Foreign[]) {
    const { result, stage } = await evaluated(file);
    const planted = targets.map(({ arn }, index) => ({
      urn: `urn:pulumi:test::trading-platform::aws:iam/rolePolicy:RolePolicy::planted-${index}`,
      type: "aws:iam/rolePolicy:RolePolicy",
      name: `planted-${index}`,
      parent: null,
      custom: true,
      remote: false,
      protect: false,
      retainOnDelete: false,
      inputs: {
        policy: JSON.stringify({
          Statement: [
            { Effect: "Allow", Action: ["s3:GetObject", "secretsmanager:GetSecretValue"], Resource: [arn, `${arn}/*`] },
          ],
        }),
      },
      dependencies: [],
      propertyDependencies: {},
      provider: "",
    }));
    return analyzeRecorded("iam-stage-isolated", [...result.resources, ...planted], { stage: stage as Stage });
  }

  it("is found where a policy gives it", () => {
    const tags = { stage: "prod" };
    const deploy = { arn: "arn:aws:s3:::algo-model-deploy-prod/models/x", tags };
    const read = (Resource: string, Condition = {}) =>
      mayDo(document({ Action: "s3:GetObject", Resource, Condition }), "s3:GetObject", deploy);
    assert.ok(read("arn:aws:s3:::algo-model-deploy*"));
    assert.ok(read("*", { StringEquals: { "aws:ResourceAccount": "123456789012" } }));
    assert.ok(read("*", { StringEquals: { "aws:ResourceTag/stage": "prod" } }));
    assert.ok(!read("*", { StringEquals: { "aws:ResourceTag/stage": "qa" } }));
    assert.ok(!read("arn:aws:s3:::algo-model-deploy/*"));
  });

  const stages = stackFiles.filter((file) => /^Pulumi\./.test(file));
  for (const file of stages) {
    it(`${file}: no role reads or writes another stage's bucket or secret`, async () => {
      const roles = rolesOf((await evaluated(file)).result);
      let asked = 0;
      for (const other of stages.filter((one) => one !== file)) {
        const { buckets, secrets } = await holdingsOf(other);
        assert.ok(buckets.length > 2 && secrets.length > 0, other);
        const objects = buckets.map(({ arn, tags }) => ({ arn: `${arn}/models/x`, tags }));
        const questions = [
          ...[...buckets, ...objects].flatMap((target) => dataActions.map((action) => ({ action, target }))),
          ...secrets.flatMap((target) => secretActions.map((action) => ({ action, target }))),
        ];
        for (const role of roles) {
          for (const { action, target } of questions) {
            asked++;
            assert.ok(!mayDo(role, action, target), `${role.name}: ${action} on ${target.arn} of ${other}`);
          }
        }
      }
      assert.ok(asked > 1_000);
    });

    it(`${file}: the pack says so of a role that may, and of no role of its own`, async () => {
      const { result } = await evaluated(file);
      const own = new Set(result.resources.map(({ name }) => name));
      const held = await Promise.all(stages.filter((one) => one !== file).map(holdingsOf));
      const targets = held.flatMap(({ buckets, secrets }) => [...buckets, ...secrets]);
      const found = await findingsOf(file, targets);
      targets.forEach(({ arn }, index) => {
        const said = found.filter(({ urn }) => urn.endsWith(`::planted-${index}`));
        // Where this stack has nothing of the name, its form says that another stack made it, and not which stage's.
        const stranger = /([\w-]+)-f0e1d2c/.exec(arn)?.[1];
        const level = stranger === undefined || own.has(stranger) ? "mandatory" : "advisory";
        assert.ok(
          said.some(({ enforcement }) => enforcement === level),
          `${arn}: ${JSON.stringify(said)}`,
        );
      });
      assert.deepEqual(
        found.filter(({ urn }) => !urn.includes("::planted-")),
        [],
      );
    });
  }
});
