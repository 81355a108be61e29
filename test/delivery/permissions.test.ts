import assert from "node:assert/strict";
import fc from "fast-check";
import type { Statement } from "../../components/common/iam";
import { derivePackage } from "../../delivery/permissions/derive";
import { namePatterns } from "../../delivery/permissions/names";
import { packStatements, wildcardReport } from "../../delivery/permissions/pack";
import { knownServices, permissionsOf } from "../../delivery/permissions/services";
import actions from "../../delivery/permissions/actions.json";

const go = (name: string, text: string) => ({ name, text });

describe("calls of the aws provider, from its source", () => {
  const topic = go(
    "topic.go",
    [
      'import (\n\t"github.com/aws/aws-sdk-go-v2/service/sns"\n\tkmssdk "github.com/aws/aws-sdk-go-v2/service/kms"\n)',
      '// @SDKResource("aws_sns_topic", name="Topic")\n// @Tags(identifierAttribute="id")\nfunc resourceTopic() {\n\tCreate: resourceTopicCreate,\n}',
      "func resourceTopicCreate() {\n\tinput := sns.CreateTopicInput{}\n\tfindTopic()\n\tkmssdk.NewListKeysPaginator(conn)\n}",
    ].join("\n\n"),
  );
  const find = go(
    "find.go",
    'import (\n\t"github.com/aws/aws-sdk-go-v2/service/sns"\n)\n\nfunc findTopic() {\n\tx(&sns.GetTopicAttributesInput{})\n}\n\nfunc findOther() {\n\tx(&sns.GetEndpointAttributesInput{})\n}',
  );
  const tags = go(
    "tags_gen.go",
    'import (\n\t"github.com/aws/aws-sdk-go-v2/service/sns"\n)\n\nfunc listTags() {\n\tx(&sns.ListTagsForResourceInput{})\n}\n\nfunc updateTags() {\n\tx(&sns.TagResourceInput{})\n}',
  );

  it("are those in a resource's file and in what it reaches; a data source's are not", () => {
    const data = go("topic_data_source.go", topic.text.replace("CreateTopicInput", "ListTopicsInput"));
    const calls = derivePackage([topic, find, tags, data]).get("aws_sns_topic") ?? new Set();
    assert.deepEqual([...calls].sort(), [
      "kms/ListKeys",
      "sns/CreateTopic",
      "sns/GetTopicAttributes",
      "sns/ListTagsForResource",
      "sns/TagResource",
    ]);
  });

  it("have no tagging where the type has no tags", () => {
    const untagged = go("topic.go", topic.text.replace(/\/\/ @Tags.*\n/, ""));
    const calls = derivePackage([untagged, find, tags]).get("aws_sns_topic") ?? new Set();
    assert.ok(!calls.has("sns/TagResource"));
  });

  it("become permissions by the names that IAM has for them", () => {
    for (const [service, call, wanted] of [
      ["ec2", "CreateVpc", ["ec2:CreateVpc"]],
      ["cloudwatchlogs", "CreateLogGroup", ["logs:CreateLogGroup"]],
      ["sfn", "CreateStateMachine", ["states:CreateStateMachine"]],
      ["elasticloadbalancingv2", "CreateRule", ["elasticloadbalancing:CreateRule"]],
      ["s3", "PutBucketEncryption", ["s3:PutEncryptionConfiguration"]],
      ["s3", "HeadBucket", ["s3:ListBucket"]],
      ["s3", "DeleteObject", ["s3:DeleteObject", "s3:DeleteObjectVersion"]],
      ["s3control", "PutPublicAccessBlock", ["s3:PutAccountPublicAccessBlock"]],
      ["lambda", "Invoke", ["lambda:InvokeFunction"]],
      ["budgets", "CreateBudget", ["budgets:ModifyBudget"]],
      ["budgets", "DescribeBudget", ["budgets:ViewBudget"]],
      ["cloudfront", "CreateDistributionWithTags", ["cloudfront:CreateDistribution", "cloudfront:TagResource"]],
    ] as const)
      assert.deepEqual(permissionsOf(service, call), wanted, call);
    assert.ok(knownServices.has("ec2") && !knownServices.has("gamelift"));
  });

  it("are in the table for the types that anybody deploys", () => {
    const table = actions as Record<string, string[]>;
    assert.ok(Object.keys(table).length > 500);
    assert.ok(
      table["aws:ec2/vpc:Vpc"]?.includes("ec2:CreateVpc") && table["aws:ec2/vpc:Vpc"].includes("ec2:DeleteVpc"),
    );
    assert.ok(table["aws:s3/bucketVersioning:BucketVersioning"]?.includes("s3:PutBucketVersioning"));
    for (const [type, list] of Object.entries(table))
      for (const action of list) assert.match(action, /^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$/, type);
  });
});

describe("names of a stack's resources as patterns", () => {
  const resource = (name: string, inputs: Record<string, unknown> = {}, type = "aws:x/y:Y") => ({ name, inputs, type });

  it("are a component's, a fixed name, or its folder", () => {
    assert.deepEqual(
      namePatterns([
        resource("fleet-instances"),
        resource("fleet-role"),
        resource("data-postgres"),
        resource("log", { name: "/trading-platform/qa/fleet" }),
        resource("secret", { name: "clever-better/prod/database" }),
        resource("b", { bucket: "algo-model-deploy" }, "aws:s3/bucket:Bucket"),
        resource("network-v", { bucket: "somebody-elses" }, "aws:s3/bucketVersioning:BucketVersioning"),
      ]),
      ["/trading-platform/qa/*", "algo-model-deploy", "clever-better/prod/*", "data-*", "fleet-*", "network-*"],
    );
  });

  it("go on where AWS adds to a name, and drop what another covers", () => {
    assert.deepEqual(namePatterns([resource("a", { name: "fixed" })], true), ["fixed*"]);
    assert.deepEqual(namePatterns([resource("fleet-x"), resource("b", { name: "fleet-fixed" })]), ["fleet-*"]);
  });
});

describe("statements packed into policies", () => {
  const statement = (sid: string, actionCount: number, resourceCount: number): Statement => ({
    Sid: sid,
    Effect: "Allow",
    Action: Array.from({ length: actionCount }, (_, at) => `service:Action${at}`),
    Resource: Array.from({ length: resourceCount }, (_, at) => `arn:aws:service:us-east-1:123456789012:thing/${at}`),
  });

  it("fit IAM's limit and lose nothing, whatever their size", () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 90 })), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(sizes, (all) => {
        const given = all.map(([a, r], at) => statement(`s${at}x`, a, r));
        const policies = packStatements(given);
        const pairs = (some: readonly Statement[]) =>
          new Set(
            some.flatMap(({ Sid, Action, Resource }) =>
              [Action]
                .flat()
                .flatMap((a) => [Resource ?? []].flat().map((r) => `${/^s\d+x/.exec(Sid ?? "")?.[0]} ${a} ${r}`)),
            ),
          );
        const sids = policies.flat().map(({ Sid }) => Sid);
        assert.equal(new Set(sids).size, sids.length, "ids are unique");
        for (const policy of policies)
          assert.ok(JSON.stringify({ Version: "2012-10-17", Statement: policy }).length <= 6144);
        assert.deepEqual(pairs(policies.flat()), pairs(given));
      }),
      { numRuns: 12 },
    );
  });

  it("are reported where they name no resource", () => {
    const report = wildcardReport([
      { Sid: "Look", Effect: "Allow", Action: ["ec2:DescribeVpcs"], Resource: "*" },
      { Sid: "Own", Effect: "Allow", Action: ["sns:CreateTopic"], Resource: ["arn:aws:sns:us-east-1:1:fleet-*"] },
      { Sid: "Ec2", Effect: "Allow", Action: ["ec2:CreateVpc"], Resource: ["arn:aws:ec2:us-east-1:1:*"] },
      { Sid: "No", Effect: "Deny", Action: "*", Resource: "*" },
    ]);
    assert.deepEqual(
      report.map(({ sid }) => sid),
      ["Look", "Ec2"],
    );
  });
});
