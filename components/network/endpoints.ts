import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud, type Statement } from "../common/iam";

/** Services with a gateway endpoint: routes, no charge. */
export const gatewayServices = ["s3", "dynamodb"] as const;
export type GatewayService = (typeof gatewayServices)[number];

/** Services that the platform's parts call from private subnets, each an interface endpoint when listed. */
export const interfaceServices = [
  "autoscaling",
  "batch",
  "ec2",
  "ec2messages",
  "ecr.api",
  "ecr.dkr",
  "ecs",
  "ecs-agent",
  "ecs-telemetry",
  "eks",
  "elasticfilesystem",
  "elasticloadbalancing",
  "events",
  "kinesis-firehose",
  "kinesis-streams",
  "kms",
  "lambda",
  "logs",
  "monitoring",
  "secretsmanager",
  "sns",
  "sqs",
  "ssm",
  "ssmmessages",
  "states",
  "sts",
] as const;
export type InterfaceService = (typeof interfaceServices)[number];

/**
 * Buckets of AWS's own that instances read without signing: package repositories of Amazon Linux 2023 and the layers of
 * ECR images (documented with S3 gateway endpoints for ECR and in the Amazon Linux 2023 guide).
 */
function awsOwnedBuckets(cloud: Cloud): string[] {
  return [`al2023-repos-${cloud.region}-de612dc2`, `prod-${cloud.region}-starport-layer-bucket`].map(
    (bucket) => `arn:${cloud.partition}:s3:::${bucket}/*`,
  );
}

/** An endpoint lets only this account's principals through, so that stolen foreign credentials carry nothing out. */
export function endpointPolicy(service: GatewayService | InterfaceService, cloud: Cloud) {
  const own: Statement = {
    Sid: "OwnAccount",
    Effect: "Allow",
    Principal: "*", // narrowed by the condition: endpoint policies take conditions, not account principals of every kind
    Action: "*", // what a principal may do is IAM's to say; an endpoint says who may pass
    Resource: "*",
    Condition: { StringEquals: { "aws:PrincipalAccount": cloud.accountId } },
  };
  if (service !== "s3") return policyDocument([own]);
  const readAwsOwned: Statement = {
    Sid: "AwsOwnedPackagesAndLayers",
    Effect: "Allow",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: awsOwnedBuckets(cloud),
  };
  return policyDocument([own, readAwsOwned]);
}

export interface EndpointsArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly vpcCidr: string;
  readonly gateway: readonly GatewayService[];
  readonly interface: readonly InterfaceService[];
  /** Route tables that gateway endpoints add their routes to. */
  readonly routeTableIds: pulumi.Input<string>[];
  /** Subnets of the Region's own zones, one a zone; Local Zones cannot hold interface endpoints. */
  readonly subnetIds: pulumi.Input<string>[];
}

/** Gateway and interface endpoints, and the one security group of the latter (TLS from the VPC). */
export function createEndpoints(
  name: string,
  args: EndpointsArgs,
  opts: pulumi.CustomResourceOptions,
): { securityGroup?: aws.ec2.SecurityGroup; gateways: aws.ec2.VpcEndpoint[] } {
  const { cloud, vpcId } = args;
  const gateways = args.gateway.map(
    (service) =>
      new aws.ec2.VpcEndpoint(
        `${name}-endpoint-${service}`,
        {
          vpcId,
          serviceName: `com.amazonaws.${cloud.region}.${service}`,
          vpcEndpointType: "Gateway",
          routeTableIds: args.routeTableIds,
          policy: JSON.stringify(endpointPolicy(service, cloud)),
          tags: { Name: `${name}-${service}` },
        },
        opts,
      ),
  );
  if (args.interface.length === 0) return { gateways };
  const securityGroup = new aws.ec2.SecurityGroup(
    `${name}-endpoints`,
    { vpcId, description: "Interface endpoints: TLS from inside the VPC", tags: { Name: `${name}-endpoints` } },
    opts,
  );
  new aws.vpc.SecurityGroupIngressRule(
    `${name}-endpoints-https`,
    {
      securityGroupId: securityGroup.id,
      description: "AWS APIs from inside the VPC",
      cidrIpv4: args.vpcCidr,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
    },
    opts,
  );
  for (const service of args.interface) {
    new aws.ec2.VpcEndpoint(
      `${name}-endpoint-${service}`,
      {
        vpcId,
        serviceName: `com.amazonaws.${cloud.region}.${service}`,
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: args.subnetIds,
        securityGroupIds: [securityGroup.id],
        policy: JSON.stringify(endpointPolicy(service, cloud)),
        tags: { Name: `${name}-${service}` },
      },
      opts,
    );
  }
  return { securityGroup, gateways };
}
