import assert from "node:assert/strict";
import { terraformInput, terraformType } from "../../../plan/checkov/terraform-names";
import { toTerraformPlan } from "../../../plan/checkov/terraform-plan";
import type { PlannedResource } from "../../../plan/json";
import { planOf, resource as planned } from "../support/fixture";

const urn = (name: string) => `urn:pulumi:s::p::t::${name}`;
const resource = (
  type: string,
  name: string,
  inputs: Record<string, unknown> = {},
  propertyDependencies: Record<string, string[]> = {},
): PlannedResource => ({ ...planned(type, name, inputs), urn: urn(name), propertyDependencies });
const exported = (...resources: PlannedResource[]) => {
  const plan = toTerraformPlan(planOf(resources, { stack: "s" }));
  const [planned, configured] = [plan.planned_values.root_module.resources, plan.configuration.root_module.resources];
  return {
    addresses: planned.map(({ address }) => address),
    values: (address: string) => planned.find((one) => one.address === address)?.values,
    references: (address: string) => configured.find((one) => one.address === address)?.expressions,
  };
};

describe("a plan in Terraform's shape", () => {
  it("has Terraform's names, the irregular ones too", () => {
    const names: Record<string, string | undefined> = {
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
      "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
      "aws:ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
      "aws:rds/instance:Instance": "aws_db_instance",
      "aws:cfg/rule:Rule": "aws_config_config_rule",
      "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
      "aws:lb/targetGroup:TargetGroup": "aws_lb_target_group",
      "eks:index:Cluster": "aws_eks_cluster",
      "trading:network:TradingVpc": undefined,
      "pulumi:providers:aws": undefined,
    };
    for (const [token, name] of Object.entries(names)) assert.equal(terraformType(token), name, token);
    assert.equal(terraformInput("aws_lb", "enabledCloudwatchLogsExports", false), "enabled_cloudwatch_logs_exports");
    assert.equal(terraformInput("aws_cloudwatch_metric_alarm", "metricQueries", true), "metric_query");
    assert.equal(terraformInput("aws_route53_record", "aliases", true), "alias");
    assert.equal(terraformInput("aws_launch_template", "blockDeviceMappings", true), "block_device_mappings");
  });

  it("writes every block as a list of objects, leaves a user's own keys alone, and holds documents as text", () => {
    const { values } = exported(
      resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "e", {
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }],
      }),
      resource("aws:lambda/function:Function", "f", {
        code: { archive: "dist/f" },
        environment: { variables: { LOG_LEVEL: "INFO", camelCase: "x" } },
        tags: { costCenter: "1" },
      }),
      resource("aws:s3/bucketPolicy:BucketPolicy", "p", { policy: { Version: "2012-10-17", Statement: [] } }),
    );
    assert.deepEqual(values("aws_s3_bucket_server_side_encryption_configuration.e"), {
      rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm: "aws:kms" }] }],
    });
    assert.deepEqual(values("aws_lambda_function.f"), {
      filename: "code.zip",
      environment: [{ variables: { LOG_LEVEL: "INFO", camelCase: "x" } }],
      tags: { costCenter: "1" },
    });
    assert.deepEqual(values("aws_s3_bucket_policy.p"), { policy: '{"Version":"2012-10-17","Statement":[]}' });
  });

  it("says where a value comes from, and leaves out what Terraform knows only afterwards", () => {
    const { values, references } = exported(
      resource("aws:kms/key:Key", "key"),
      resource("trading:security:EncryptionKey", "component"),
      resource(
        "aws:s3/bucketPolicy:BucketPolicy",
        "policy",
        { bucket: "data-1234", policy: '{"Resource":"arn:aws:kms:::key/1"}', acl: "private" },
        { bucket: [urn("bucket"), urn("component")], policy: [urn("key")] },
      ),
      resource("aws:s3/bucket:Bucket", "bucket"),
    );
    assert.deepEqual(values("aws_s3_bucket_policy.policy"), {
      policy: '{"Resource":"arn:aws:kms:::key/1"}',
      acl: "private",
    });
    assert.deepEqual(references("aws_s3_bucket_policy.policy"), {
      bucket: { references: ["aws_s3_bucket.bucket.id", "aws_s3_bucket.bucket"] },
      policy: { references: ["aws_kms_key.key.id", "aws_kms_key.key"] },
    });
  });

  it("gives every resource an address of its own that Terraform can read", () => {
    const { addresses } = exported(
      resource("aws:kms/key:Key", "a.b"),
      { ...resource("aws:kms/key:Key", "a b"), urn: urn("other") },
      resource("aws:sqs/queue:Queue", "1st"),
      resource("trading:data:DataPlatform", "data"),
    );
    assert.deepEqual(addresses, ["aws_kms_key.a_b", "aws_kms_key.a_b_2", "aws_sqs_queue._1st"]);
  });

  it("shows an instance with what its launch template gives it, and a cluster that a remote component makes", () => {
    const { values } = exported(
      resource("aws:ec2/launchTemplate:LaunchTemplate", "template", {
        metadataOptions: { httpTokens: "required" },
        monitoring: { enabled: true },
        blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: "true" } }],
      }),
      resource(
        "aws:ec2/instance:Instance",
        "host",
        { launchTemplate: { id: "lt-1" }, monitoring: false },
        { launchTemplate: [urn("template")] },
      ),
      resource("eks:index:Cluster", "cluster", { endpointPublicAccess: false, encryptionConfigKeyArn: "arn:k" }),
    );
    assert.deepEqual(values("aws_instance.host"), {
      metadata_options: [{ http_tokens: "required" }],
      monitoring: false,
      root_block_device: [{ encrypted: "true" }],
      launch_template: [{ id: "lt-1" }],
    });
    const cluster = values("aws_eks_cluster.cluster");
    assert.deepEqual(cluster?.encryption_config, [{ provider: [{ key_arn: "arn:k" }], resources: ["secrets"] }]);
    assert.equal((cluster.vpc_config as [Record<string, unknown>])[0].endpoint_public_access, false);
  });
});
