import assert from "node:assert/strict";
import { boundaryArn, boundaryPattern } from "../../components/common/boundary";
import type { RecordedResource } from "../../plan/evaluate/monitor";
import { evaluate, stackFiles } from "../support/every-stack";
import { testCloud } from "../support/program";

const key = "trading-platform:permissionsBoundary";
const roleType = "aws:iam/role:Role";
const arn = "arn:aws:iam::123456789012:policy/trading-platform-boundary-test";

/** What remote components are handed so that they make no role of their own, whose options the program could not set. */
const handed: Readonly<Record<string, (inputs: RecordedResource["inputs"]) => boolean>> = {
  "eks:index:Cluster": ({ serviceRole, createInstanceRole }) =>
    serviceRole !== undefined && createInstanceRole === false,
  "eks:index:ManagedNodeGroup": ({ nodeRoleArn, nodeRole }) => (nodeRoleArn ?? nodeRole) !== undefined,
  "awsx:ecs:FargateService": ({ taskDefinition }) => taskDefinition !== undefined,
  "awsx:lb:ApplicationLoadBalancer": () => true, // makes none
  "awsx:ecr:Repository": () => true, // makes none
};

describe("the permissions boundary of a stack", () => {
  for (const file of stackFiles) {
    it(`${file}: is every role's where the stack file names it, and changes nothing else`, async () => {
      const [without, within] = [
        (await evaluate(file)).result.resources,
        (await evaluate(file, { [key]: "trading-platform-boundary-test" })).result.resources,
      ];
      const roles = within.filter(({ type }) => type === roleType);
      assert.ok(roles.length > 3);
      for (const { name, inputs } of roles) assert.equal(inputs.permissionsBoundary, arn, name);
      for (const { name, inputs } of without.filter(({ type }) => type === roleType))
        assert.ok(!("permissionsBoundary" in inputs), name);
      const plain = within.map((one) => {
        const { permissionsBoundary: _bounded, ...inputs } = one.inputs;
        return { ...one, inputs: one.type === roleType ? inputs : one.inputs };
      });
      const byUrn = (all: readonly RecordedResource[]) => all.toSorted((a, b) => (a.urn < b.urn ? -1 : 1));
      assert.deepEqual(byUrn(plain), byUrn(without));
      for (const { type, name, inputs } of within.filter(({ remote }) => remote))
        assert.ok(handed[type]?.(inputs), `${type} ${name} may make a role that has no boundary`);
    });
  }

  it("is named by a policy of the account, or by an ARN", () => {
    assert.equal(boundaryArn(testCloud, "teams/limit"), "arn:aws:iam::123456789012:policy/teams/limit");
    assert.equal(boundaryArn(testCloud, arn), arn);
    for (const good of ["limit", "teams/limit", arn, arn.replace("aws", "aws-us-gov")])
      assert.match(good, boundaryPattern);
    for (const bad of ["", "a b", "/limit", "limit/", "arn:aws:iam::12:policy/x", "arn:aws:iam::123456789012:role/x"])
      assert.doesNotMatch(bad, boundaryPattern);
  });
});
