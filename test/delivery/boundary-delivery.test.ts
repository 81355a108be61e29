import assert from "node:assert/strict";
import type { Statement } from "../../components/common/iam";
import { validateDelivery, type DeliverySettings } from "../../delivery/config";
import { deliver } from "../../delivery/delivery";
import { planStack, type StackPlan } from "../../delivery/permissions/plans";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { projectRoot } from "../../sandbox/emulator";
import { plain, Registered, testCloud } from "../support/program";

describe("the delivery's boundaries", () => {
  const run = async (settings: DeliverySettings, plans: readonly StackPlan[]): Promise<Registered> =>
    new Registered(
      await runProgram(() => deliver(settings, testCloud, plans), {
        project: "trading-platform-delivery",
        stack: "main",
        config: { "aws:region": "us-east-1" },
        answers: planAnswers("us-east-1"),
      }),
    );

  it("asks for the boundary once the stage requires it, and only of a stack whose roles have it", async () => {
    const required = validateDelivery({
      repository: "acme/platform",
      stages: { dev: { stack: "dev", requireBoundary: true } },
    });
    const dev = await planStack(projectRoot(), "dev");
    const boundary = "arn:aws:iam::123456789012:policy/trading-platform-boundary-dev";
    const within = (permissionsBoundary: string): StackPlan => ({
      ...dev,
      resources: dev.resources.map((one) =>
        one.type === "aws:iam/role:Role" ? { ...one, inputs: { ...one.inputs, permissionsBoundary } } : one,
      ),
    });
    const policiesOf = async (plan: StackPlan) =>
      (await run(required, [plan]))
        .ofType("aws:iam/policy:Policy")
        .filter(({ name }) => name.startsWith("deploy-dev-"))
        .flatMap(({ inputs }) => (JSON.parse(String(plain(inputs.policy))) as { Statement: Statement[] }).Statement);
    const bounded = (await policiesOf(within(boundary))).find(({ Sid }) => Sid === "ownIamBounded");
    assert.deepEqual(bounded?.Condition, { StringEquals: { "iam:PermissionsBoundary": boundary } });
    assert.ok(bounded.Action.includes("iam:CreateRole"));
    await assert.rejects(
      policiesOf(within("arn:aws:iam::123456789012:policy/other")),
      /stacks\.dev: has roles without the boundary that requireBoundary asks for: [\s\S]*Set trading-platform:permissionsBoundary to trading-platform-boundary-dev in Pulumi\.dev\.yaml/,
    );
  });

  it("refuses a plan with an AWS-managed policy that it does not know", async () => {
    const attachment = { type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", name: "x" };
    const policyArn = "arn:aws:iam::aws:policy/PowerUserAccess";
    const plan = { stack: "dev", stage: "dev", resources: [{ ...attachment, inputs: { policyArn } }] };
    const settings = validateDelivery({ repository: "acme/platform", stages: { dev: { stack: "dev" } } });
    await assert.rejects(run(settings, [plan]), /AWS-managed policies whose actions are not known: PowerUserAccess/);
  });

  it("refuses a boundary that no policy holds", async () => {
    const bucket = (at: number) => ({
      type: "aws:s3/bucket:Bucket",
      name: `b${at}`,
      inputs: { bucket: `${"somebodys-".repeat(5)}${at}` },
    });
    const plan = { stack: "dev", stage: "dev", resources: Array.from({ length: 90 }, (_, at) => bucket(at)) };
    const reads = JSON.stringify({ Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }] });
    const role = { type: "aws:iam/rolePolicy:RolePolicy", name: "r", inputs: { policy: reads } };
    const settings = validateDelivery({ repository: "acme/platform", stages: { dev: { stack: "dev" } } });
    await assert.rejects(
      run(settings, [{ ...plan, resources: [...plan.resources, role] }]),
      /needs a boundary that is \d+ characters longer than a policy may be/,
    );
  });
});
