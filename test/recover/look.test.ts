import assert from "node:assert/strict";
import {
  AllocateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateLaunchTemplateCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from "@aws-sdk/client-ec2";
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { GetResourcesCommand, ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import { mockClient } from "aws-sdk-client-mock";
import { describeFindings, describeRecovered } from "../../recover/describe";
import { fates } from "../../recover/look";
import { findings, recover, type StackEngine } from "../../recover/recover";
import { interruptedCreations, known, type StackState } from "../../recover/state";
import { EmulatedAws } from "../support/emulated-aws";
import { creating, resource, stateWith, subnetType, urnOf, vpcType } from "./interrupted-state";

describe("what an interrupted run made, looked for in an emulated AWS", () => {
  const aws = new EmulatedAws();
  const tags = (Name: string) => ({ Name, project: "trading-platform", stack: "prod" });
  const given = (kind: "vpc" | "subnet" | "security-group" | "elastic-ip", Name: string) => ({
    TagSpecifications: [
      { ResourceType: kind, Tags: Object.entries(tags(Name)).map(([Key, Value]) => ({ Key, Value })) },
    ],
  });
  let ec2: EC2Client;
  let vpc = "";
  let group = "";

  before(async () => {
    ec2 = new EC2Client(aws.access);
    const made = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", ...given("vpc", "net") }));
    vpc = String(made.Vpc?.VpcId);
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: "db",
        Description: "db",
        VpcId: vpc,
        ...given("security-group", "db"),
      }),
    );
    group = String(GroupId);
  });

  const subnet = async (block: string, name: string) => {
    const made = await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: block, ...given("subnet", name) }));
    return String(made.Subnet?.SubnetId);
  };
  const look = (state: StackState) => fates(interruptedCreations(state, "us-east-1"), known(state), aws.access);
  const told = async (state: StackState) =>
    (await look(state)).map((one) => [one.of.name, one.kind, one.kind === "take over" ? one.id : one.why]);

  it("is found by its tags, or is not there", async () => {
    const a = await subnet("10.0.0.0/24", "data-a");
    const state = stateWith(
      [],
      [
        creating(subnetType, "a", { tags: tags("data-a") }),
        creating(subnetType, "b", { tags: tags("data-b") }),
        creating(subnetType, "c", {}),
        creating("aws:sns/topicPolicy:TopicPolicy", "d"),
        creating("aws:s3/bucket:Bucket", "e", { bucket: "fixed" }),
        creating("aws:glue/catalogTable:CatalogTable", "f"),
        creating("aws:iam/rolePolicy:RolePolicy", "g", { role: "r" }),
      ],
    );
    assert.deepEqual(await told(state), [
      ["a", "take over", a],
      ["b", "make again", "nothing is found by its tags"],
      ["c", "look first", "it has no tags to find it by"],
      ["d", "make again", "a second request changes nothing"],
      ["e", "take over", "fixed"],
      ["f", "look first", "how it is known again is not written down"],
      ["g", "look first", "its inputs do not name it"],
    ]);
  });

  it("is asked of EC2 itself where it is EC2's: the tagging API hears of it minutes later", async () => {
    const late = mockClient(ResourceGroupsTaggingAPIClient);
    late.on(GetResourcesCommand).resolves({ ResourceTagMappingList: [] });
    try {
      const star = await subnet("10.0.9.0/24", "data-*");
      await subnet("10.0.10.0/24", "data-late");
      const state = stateWith([], [creating(subnetType, "a", { tags: tags("data-*") })]);
      assert.deepEqual(await told(state), [["a", "take over", star]]);
      assert.equal(late.calls().length, 0);
    } finally {
      late.restore();
    }
  });

  it("is an address or a gateway by EC2's own name of its kind", async () => {
    const { AllocationId = "" } = await ec2.send(
      new AllocateAddressCommand({ Domain: "vpc", ...given("elastic-ip", "nat-a") }),
    );
    const state = stateWith([], [creating("aws:ec2/eip:Eip", "a", { tags: tags("nat-a") })]);
    assert.deepEqual(await told(state), [["a", "take over", AllocationId]]);
  });

  it("is nobody's where two could be it, where two could be theirs, or where the state holds another", async () => {
    const [one, two] = [await subnet("10.0.1.0/24", "twin"), await subnet("10.0.2.0/24", "twin")];
    const twins = (held: object[], ...names: string[]) =>
      stateWith(
        held,
        names.map((name) => creating(subnetType, name, { tags: tags("twin") })),
      );
    assert.match(
      String((await told(twins([], "a")))[0]?.[2]),
      new RegExp(`^2 could be it: (${one}, ${two}|${two}, ${one})$`),
    );
    // What the state holds under another name is out of the question.
    const held = resource(subnetType, "other", { id: one });
    assert.deepEqual(await told(twins([held], "a")), [["a", "take over", two]]);
    assert.deepEqual(await told(twins([held], "a", "b")), [
      ["a", "look first", `${two} could be another interrupted one as well`],
      ["b", "look first", `${two} could be another interrupted one as well`],
    ]);
    const again = resource(subnetType, "a", { id: one });
    assert.deepEqual(await told(twins([again], "a")), [
      ["a", "look first", `the state holds another one; if ${two} is there, nothing uses it: remove it`],
    ]);
    const named = stateWith(
      [resource("aws:s3/bucket:Bucket", "a", { id: "fixed" })],
      [creating("aws:s3/bucket:Bucket", "a", { bucket: "fixed" })],
    );
    assert.deepEqual(await told(named), [["a", "make again", "the state holds it already"]]);
  });

  it("is a rule of a security group that lets the same through, or a launch template of its name", async () => {
    const allow = (port: number) =>
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: group,
          IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp: "10.0.0.0/16" }] }],
        }),
      );
    const made = [await allow(5432), await allow(6379)].map(
      ({ SecurityGroupRules = [] }) => SecurityGroupRules[0]?.SecurityGroupRuleId,
    );
    const template = await ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: "host-1",
        LaunchTemplateData: { InstanceType: "t3.micro" },
      }),
    );
    const rule = (name: string, port: number, fields: object = {}) =>
      creating("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", name, {
        ...{
          securityGroupId: group,
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
          cidrIpv4: "10.0.0.0/16",
          tags: tags("x"),
        },
        ...fields,
      });
    const state = stateWith(
      [],
      [
        rule("postgres", 5432),
        rule("redis", 6379),
        rule("mlflow", 5000),
        rule("wider", 5432, { cidrIpv4: "10.0.0.0/8" }),
        creating("aws:ec2/launchTemplate:LaunchTemplate", "host", { name: "host-1" }),
        creating("aws:ec2/launchTemplate:LaunchTemplate", "none", { name: "host-2" }),
      ],
    );
    assert.deepEqual(await told(state), [
      ["postgres", "take over", made[0]],
      ["redis", "take over", made[1]],
      ["mlflow", "make again", "nothing is found by its ports and source"],
      ["wider", "make again", "nothing is found by its ports and source"],
      ["host", "take over", template.LaunchTemplate?.LaunchTemplateId],
      ["none", "make again", "nothing is found by its name"],
    ]);
  });

  it("is a target of an event rule that goes to the same place", async () => {
    const events = new EventBridgeClient(aws.access);
    await events.send(new PutRuleCommand({ Name: "failed", EventPattern: '{"source":["aws.batch"]}' }));
    const topic = (name: string) => `arn:aws:sns:us-east-1:123456789012:${name}`;
    const Targets = ["one", "two", "three"].map((Id) => ({ Id, Arn: topic(Id === "three" ? "two" : Id) }));
    await events.send(new PutTargetsCommand({ Rule: "failed", Targets }));
    const type = "aws:cloudwatch/eventTarget:EventTarget";
    const state = stateWith(
      [resource(type, "held", { id: "failed-three" })],
      ["one", "two", "four"].map((name) => creating(type, name, { rule: "failed", arn: topic(name) })),
    );
    assert.deepEqual(await told(state), [
      ["one", "take over", "default/failed/one"],
      ["two", "take over", "default/failed/two"],
      ["four", "make again", "nothing is found by its rule and target"],
    ]);
  });

  it("is settled in the state, and told in lines", async () => {
    const a = await subnet("10.0.5.0/24", "settled");
    let state = stateWith(
      [resource(vpcType, "net", { id: vpc })],
      [
        creating(subnetType, "a", { tags: tags("settled") }),
        creating(subnetType, "b", { tags: tags("nowhere") }),
        creating("aws:s3/bucket:Bucket", "c", { bucket: "not-there" }),
        creating("aws:glue/catalogTable:CatalogTable", "d"),
        { type: "updating", resource: resource(vpcType, "net") },
      ],
    );
    const refreshed: string[][] = [];
    const engine: StackEngine = {
      exportState: () => state,
      importState: (next) => void (state = next),
      refresh: (urns) => {
        refreshed.push([...urns]);
        // As the engine does: what is not there leaves the state.
        const resources = (state.deployment?.resources ?? []).filter(({ id }) => id !== "not-there");
        state = { ...state, deployment: { ...state.deployment, resources } };
      },
    };
    const found = await findings(engine, aws.access, "us-east-1");
    assert.equal(
      describeFindings("prod", found),
      [
        "prod: 5 operations were under way when a run broke off",
        `  take over   ${subnetType}  a: ${a}, known by its tags`,
        `  make again  ${subnetType}  b: nothing is found by its tags`,
        "  take over   aws:s3/bucket:Bucket  c: not-there, known by its name",
        "  look first  aws:glue/catalogTable:CatalogTable  d: how it is known again is not written down",
        `  read anew   ${vpcType}  net`,
      ].join("\n"),
    );
    const done = await recover(engine, found);
    assert.deepEqual(refreshed, [[urnOf(subnetType, "a"), urnOf("aws:s3/bucket:Bucket", "c"), urnOf(vpcType, "net")]]);
    assert.deepEqual(done, {
      takenOver: [urnOf(subnetType, "a")],
      toMake: [urnOf("aws:s3/bucket:Bucket", "c"), urnOf(subnetType, "b")],
      forgotten: [urnOf("aws:glue/catalogTable:CatalogTable", "d")],
    });
    assert.match(describeRecovered(done), /^Taken over: 1\. Left for the next deployment to make: 2\. Forgotten: 1\n/);
    assert.equal(
      describeFindings("prod", { state, fates: [], changes: [] }),
      "prod: no operation was under way when the last run ended",
    );
  });
});
