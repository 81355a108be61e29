import assert from "node:assert/strict";
import type { Statement } from "../../components/common/iam";
import {
  boundaryStatements,
  deliveryDenied,
  shortened,
  tooLongBy,
  unboundRoles,
  unknownManaged,
  withBoundary,
} from "../../delivery/permissions/boundary";
import { deployStatements } from "../../delivery/permissions/deploy-policy";
import { managedActions } from "../../delivery/permissions/managed-policies";
import type { StackPlan } from "../../delivery/permissions/plans";
import { evaluated, stackFiles } from "../support/every-stack";
import { allows, allowsWithin, type Request } from "../support/iam";
import { plain, testCloud } from "../support/program";

const guarded = {
  cloud: testCloud,
  project: "trading-platform",
  deliveryProject: "trading-platform-delivery",
};
const iam = (resource: string) => `arn:aws:iam::123456789012:${resource}`;
const everything: Statement[] = [{ Effect: "Allow", Action: "*", Resource: "*" }];

async function planOf(file: string): Promise<StackPlan> {
  const { result, stage } = await evaluated(file);
  const resources = result.resources
    .filter(({ custom, remote }) => custom || remote)
    .map(({ type, name, inputs }) => ({
      type,
      name,
      inputs: Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, plain(value)])),
    }));
  return { stack: "test", stage, resources };
}

const all = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : ([value].flat() as T[]);

/** Every request that the plan's roles are allowed by the policies that are written for them. */
function requestsOf(plan: StackPlan): { readonly role: string; readonly request: Request }[] {
  return plan.resources
    .filter(({ type }) => type === "aws:iam/rolePolicy:RolePolicy")
    .flatMap(({ name, inputs }) =>
      (JSON.parse(String(inputs.policy)) as { Statement: Statement[] }).Statement.flatMap(
        ({ Effect, Action, Resource, Condition }) =>
          all(Effect === "Allow" ? Action : []).flatMap((action) =>
            all(Resource).map((resource) => {
              const passed = all(Condition?.StringEquals?.["iam:PassedToService"])[0];
              const own = {
                "aws:ResourceTag/project": "trading-platform",
                "aws:ResourceTag/stack": "test",
                "ssm:resourceTag/project": "trading-platform",
              };
              const context = { ...own, ...(passed === undefined ? {} : { "iam:PassedToService": passed }) };
              return {
                role: name,
                request: { action, resource, context: { ...context, "aws:ResourceAccount": "123456789012" } },
              };
            }),
          ),
      ),
    );
}

describe("the boundary of a stage's roles", () => {
  for (const file of stackFiles) {
    it(`${file}: lets every role do what its own policies say, within IAM's limit`, async () => {
      const plan = await planOf(file);
      const boundary = boundaryStatements(plan, guarded);
      assert.deepEqual([tooLongBy(boundary), unknownManaged(plan)], [0, []]);
      const requests = requestsOf(plan);
      assert.ok(requests.length > 20);
      for (const { role, request } of requests)
        assert.ok(allows(boundary, request), `${role}: ${request.action} on ${request.resource}`);
    });

    it(`${file}: keeps a role that may do everything from what is not the stack's`, async () => {
      const boundary = boundaryStatements(await planOf(file), guarded);
      const tagged = (project: string, stack: string) => ({
        "aws:ResourceTag/project": project,
        "aws:ResourceTag/stack": stack,
        "ssm:resourceTag/project": project,
        "aws:ResourceAccount": "123456789012",
      });
      const of = (action: string, resource: string, context: Record<string, string> = {}): Request => ({
        action,
        resource,
        context: { "aws:ResourceAccount": "123456789012", ...context },
      });
      const policy = iam("policy/trading-platform-boundary-test");
      const refused: Request[] = [
        // more rights: for itself, for another, by another
        ...["iam:CreateUser", "iam:CreateAccessKey", "iam:CreateRole"].map((one) => of(one, iam("user/x"))),
        ...["iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy"].flatMap((one) => [
          of(one, iam("role/fleet-role-1234567")),
          of(one, iam("role/deploy-test-1234567")),
        ]),
        of("iam:DeleteRolePermissionsBoundary", iam("role/fleet-role-1234567")),
        of("iam:PutRolePermissionsBoundary", iam("role/fleet-role-1234567")),
        ...["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion", "iam:DeletePolicy"].map((one) => of(one, policy)),
        of("iam:PassRole", iam("role/deploy-test-1234567"), { "iam:PassedToService": "ec2.amazonaws.com" }),
        of("iam:PassRole", iam("role/administrator"), { "iam:PassedToService": "ec2.amazonaws.com" }),
        of("sts:AssumeRole", iam("role/deploy-test-1234567")),
        of("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:123456789012:function:somebody-elses"),
        of("iam:UpdateOpenIDConnectProviderThumbprint", iam("oidc-provider/token.actions.githubusercontent.com")),
        of("organizations:LeaveOrganization", "*"),
        // state, its keys, other stages
        of("s3:GetObject", "arn:aws:s3:::state-bucket-1234567/.pulumi/stacks/trading-platform/prod.json"),
        of("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/1", tagged("trading-platform-delivery", "main")),
        of("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/2", tagged("trading-platform", "other")),
        of("s3:GetObject", "arn:aws:s3:::somebody-elses/x"),
        of("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:somebody-elses"),
        of(
          "secretsmanager:GetSecretValue",
          "arn:aws:secretsmanager:us-east-1:123456789012:secret:data-postgres",
          tagged("trading-platform", "other"),
        ),
        of("ssm:SendCommand", "arn:aws:ec2:us-east-1:123456789012:instance/i-1"),
        of("ssm:SendCommand", "arn:aws:ec2:us-east-1:123456789012:instance/i-1", tagged("something", "test")),
        // those who watch
        of("cloudtrail:StopLogging", "*"),
        of("guardduty:DeleteDetector", "*"),
        of("config:StopConfigurationRecorder", "*"),
        of("securityhub:DisableSecurityHub", "*"),
        of("access-analyzer:DeleteAnalyzer", "*"),
        of("ec2:DeleteFlowLogs", "*"),
        of("kms:ScheduleKeyDeletion", "arn:aws:kms:us-east-1:123456789012:key/2", tagged("trading-platform", "test")),
      ];
      for (const request of refused)
        assert.ok(!allowsWithin(everything, boundary, request), `${request.action} on ${request.resource}`);
      const fine = of("kms:Decrypt", "arn:aws:kms:us-east-1:123456789012:key/2", tagged("trading-platform", "test"));
      assert.ok(allowsWithin(everything, boundary, fine), "and nothing is refused for another reason");
    });
  }

  it("denies what is out of reach even where something else should come to allow it", async () => {
    const denies = boundaryStatements(await planOf("Pulumi.prod.yaml"), guarded).filter(
      ({ Effect }) => Effect === "Deny",
    );
    const open = [...everything, ...denies];
    const request = (action: string, resource: string, context: Record<string, string> = {}) =>
      allows(open, { action, resource, context });
    assert.ok(!request("iam:PutRolePolicy", iam("role/deploy-prod-1234567")));
    assert.ok(!request("iam:CreatePolicyVersion", iam("policy/trading-platform-boundary-dev")));
    assert.ok(!request("iam:DeleteOpenIDConnectProvider", iam("oidc-provider/token.actions.githubusercontent.com")));
    assert.ok(!request("s3:GetObject", "arn:aws:s3:::state-bucket-1234567/.pulumi/stacks/trading-platform/dev.json"));
    assert.ok(!request("kms:Decrypt", "*", { "aws:ResourceTag/project": "trading-platform-delivery" }));
    assert.ok(!request("cloudtrail:StopLogging", "*") && !request("guardduty:UpdateDetector", "*"));
    assert.ok(request("iam:GetRole", iam("role/deploy-prod-1234567")), "a record of the account reads it");
  });

  it("names services whole where the words are too many, never those that open something else", () => {
    const patterns = [
      "ec2:Create*",
      "ec2:Delete*",
      "ec2:Describe*",
      "kms:Create*",
      "kms:Decrypt*",
      "kms:Encrypt*",
      "sqs:Send*",
    ];
    assert.deepEqual(shortened(patterns, 1), ["ec2:*", "kms:Create*", "kms:Decrypt*", "kms:Encrypt*", "sqs:Send*"]);
    assert.deepEqual(shortened(patterns, 0), patterns);
  });

  it("knows what AWS Backup does to what the stack has, and what AWS Config reads", () => {
    const backup = managedActions("arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup", [
      "rds:X",
    ]);
    assert.ok(backup.includes("rds:Create*") && !backup.some((one) => one.startsWith("dynamodb:")));
    const config = managedActions("arn:aws:iam::aws:policy/service-role/AWS_ConfigRole", [
      ...["rds:DescribeDBInstances", "lambda:GetFunction", "lambda:ListFunctions", "rds:DeleteDBInstance"],
    ]);
    assert.ok(config.includes("rds:Describe*") && config.includes("lambda:List*") && config.includes("iam:Get*"));
    assert.ok(!config.includes("lambda:Get*") && !config.some((one) => one.startsWith("rds:Delete")));
  });

  it("does not guess what an AWS-managed policy does", () => {
    const attachment = (policyArn: string) => ({
      type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
      name: "x",
      inputs: { policyArn },
    });
    const plan = { stack: "x", stage: "dev", resources: [attachment("arn:aws:iam::aws:policy/PowerUserAccess")] };
    assert.deepEqual(unknownManaged(plan), ["PowerUserAccess"]);
  });
});

describe("a role that deploys within a boundary", () => {
  const arn = iam("policy/trading-platform-boundary-test");
  let own: Statement[];
  let free: Statement[];
  before(async () => {
    free = deployStatements(await planOf("Pulumi.prod.yaml"), testCloud, "deploy", "trading-platform");
    own = withBoundary([...free, deliveryDenied(guarded)], arn);
  });
  const role = iam("role/fleet-role-1234567");
  const may = (action: string, boundary?: string, resource = role) =>
    allows(own, { action, resource, context: boundary === undefined ? {} : { "iam:PermissionsBoundary": boundary } });

  for (const action of [
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DetachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:PutRolePermissionsBoundary",
  ]) {
    it(`may ${action} with that boundary, and with none or another not`, () => {
      assert.ok(allows(free, { action, resource: role }), "it could before");
      assert.ok(may(action, arn));
      assert.ok(!may(action));
      assert.ok(!may(action, iam("policy/trading-platform-boundary-other")));
      assert.ok(!may(action, "arn:aws:iam::aws:policy/AdministratorAccess"));
      assert.ok(!may(action, arn, iam("role/administrator")), "and no role that is not the stack's");
    });
  }

  it("takes no boundary off, and changes nothing of the delivery", () => {
    assert.ok(allows(free, { action: "iam:DeleteRolePermissionsBoundary", resource: role }), "it could before");
    assert.ok(!may("iam:DeleteRolePermissionsBoundary", arn));
    const open = [...everything, ...own];
    for (const [action, resource] of [
      ["iam:CreatePolicyVersion", arn],
      ["iam:DeletePolicy", arn],
      ["iam:PutRolePolicy", iam("role/deploy-test-1234567")],
      ["iam:UpdateAssumeRolePolicy", iam("role/drift-prod-1234567")],
      ["iam:CreatePolicyVersion", iam("policy/deploy-test-1-1234567")],
      ["iam:PassRole", iam("role/deploy-prod-1234567")],
      ["iam:AddClientIDToOpenIDConnectProvider", iam("oidc-provider/api.pulumi.com/oidc")],
    ] as const)
      assert.ok(
        !allows(open, { action, resource, context: { "iam:PermissionsBoundary": arn } }),
        `${action} ${resource}`,
      );
  });

  it("does the rest as before", () => {
    for (const action of ["iam:DeleteRole", "iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:GetRole"])
      assert.ok(may(action), action);
    assert.ok(may("iam:CreateInstanceProfile", undefined, iam("instance-profile/fleet-profile-1234567")));
  });

  it("is only made where the stack's roles have the boundary", () => {
    const made = (name: string, permissionsBoundary?: string) => ({
      type: "aws:iam/role:Role",
      name,
      inputs: { ...(permissionsBoundary === undefined ? {} : { permissionsBoundary }) },
    });
    const plan = { stack: "x", stage: "dev", resources: [made("a", arn), made("b"), made("c", iam("policy/other"))] };
    assert.deepEqual(unboundRoles(plan, arn), ["b", "c"]);
  });
});
