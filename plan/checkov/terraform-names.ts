/** What Terraform's AWS provider calls a type and an input that Pulumi's AWS provider, which is built from it, renamed. */

/** Types whose name in Terraform does not follow from the token. */
const irregular: Readonly<Record<string, string>> = {
  "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": "aws_ec2_instance_metadata_defaults",
  "aws:ec2/serialConsoleAccess:SerialConsoleAccess": "aws_ec2_serial_console_access",
  "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": "aws_ec2_image_block_public_access",
  "aws:ec2/availabilityZoneGroup:AvailabilityZoneGroup": "aws_ec2_availability_zone_group",
  "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": "aws_s3_bucket_replication_configuration",
  "aws:cfg/rule:Rule": "aws_config_config_rule",
  "aws:cfg/recorder:Recorder": "aws_config_configuration_recorder",
  "aws:cfg/recorderStatus:RecorderStatus": "aws_config_configuration_recorder_status",
  "aws:cfg/deliveryChannel:DeliveryChannel": "aws_config_delivery_channel",
  "aws:cloudtrail/trail:Trail": "aws_cloudtrail",
  "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
  "aws:rds/cluster:Cluster": "aws_rds_cluster",
  "eks:index:Cluster": "aws_eks_cluster",
  "awsx:ecs:FargateService": "aws_ecs_service",
  "awsx:lb:ApplicationLoadBalancer": "aws_lb",
  "awsx:lb:NetworkLoadBalancer": "aws_lb",
  "awsx:ecr:Repository": "aws_ecr_repository",
};

/** How the names of a module's types begin; a module that is not here begins with its own name. */
const prefixes: Readonly<Record<string, string>> = { ec2: "", rds: "db_" };

/** Blocks that are plural in Terraform too. */
const plural = new Set([
  "block_device_mappings",
  "network_interfaces",
  "tag_specifications",
  "redacted_fields",
  "egress",
  "ingress",
]);

/** Inputs that are called otherwise. */
const renamed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws_autoscaling_group: { vpcZoneIdentifiers: "vpc_zone_identifier" },
  aws_cloudwatch_metric_alarm: { name: "alarm_name" },
  aws_lambda_function: { code: "filename", name: "function_name" },
};

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, "");

/** `aws:s3/bucketPolicy:BucketPolicy` is `aws_s3_bucket_policy`; undefined for what is no resource of AWS. */
export function terraformType(token: string): string | undefined {
  const known = irregular[token];
  if (known) return known;
  const [, module = "", name = ""] = /^aws:(\w+)\/(\w+):\w+$/.exec(token) ?? [];
  return name === "" ? undefined : `aws_${prefixes[module] ?? `${module}_`}${snake(name)}`;
}

function singular(name: string): string {
  if (plural.has(name)) return name;
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  if (name.endsWith("aliases")) return name.slice(0, -2);
  return name.endsWith("s") && !name.endsWith("ss") ? name.slice(0, -1) : name;
}

/** Name of an input: Pulumi's camel case is Terraform's snake case, and its plural of a list of blocks the block's name. */
export function terraformInput(type: string, name: string, isBlocks: boolean): string {
  const special = renamed[type]?.[name];
  if (special) return special;
  return isBlocks ? singular(snake(name)) : snake(name);
}
