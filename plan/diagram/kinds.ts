/** What is drawn, in which layer and with which mark. Everything else is a part of something drawn. */

export type Layer = "network" | "access" | "data";

export interface Kind {
  readonly label: string;
  /** One or two letters that stand in the icon. */
  readonly mark: string;
  readonly layer: Layer;
}

const kind = (label: string, mark: string, layer: Layer): Kind => ({ label, mark, layer });

export const kinds: Readonly<Record<string, Kind>> = {
  "aws:ec2/instance:Instance": kind("EC2 instance", "VM", "network"),
  "aws:autoscaling/group:Group": kind("Auto Scaling group", "AS", "network"),
  "aws:ec2/natGateway:NatGateway": kind("NAT gateway", "NA", "network"),
  "aws:ec2/internetGateway:InternetGateway": kind("Internet gateway", "IG", "network"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": kind("VPC endpoint", "EP", "network"),
  "aws:lb/loadBalancer:LoadBalancer": kind("Load balancer", "LB", "network"),
  "awsx:lb:ApplicationLoadBalancer": kind("Load balancer", "LB", "network"),
  "aws:cloudfront/distribution:Distribution": kind("CloudFront distribution", "CF", "network"),
  "aws:wafv2/webAcl:WebAcl": kind("Web firewall", "WF", "network"),
  "aws:ecs/service:Service": kind("ECS service", "SV", "network"),
  "awsx:ecs:FargateService": kind("Fargate service", "FG", "network"),
  "aws:ecs/cluster:Cluster": kind("ECS cluster", "EC", "network"),
  "aws:eks/cluster:Cluster": kind("EKS cluster", "K8", "network"),
  "eks:index:Cluster": kind("EKS cluster", "K8", "network"),
  "aws:eks/nodeGroup:NodeGroup": kind("EKS node group", "NG", "network"),
  "eks:index:ManagedNodeGroup": kind("EKS node group", "NG", "network"),
  "aws:batch/computeEnvironment:ComputeEnvironment": kind("Batch compute", "BC", "network"),
  "aws:lambda/function:Function": kind("Lambda function", "λ", "network"),
  "aws:sfn/stateMachine:StateMachine": kind("State machine", "SM", "network"),
  "aws:scheduler/schedule:Schedule": kind("Schedule", "SC", "network"),
  "aws:rds/instance:Instance": kind("RDS database", "DB", "data"),
  "aws:elasticache/replicationGroup:ReplicationGroup": kind("Redis", "RD", "data"),
  "aws:efs/fileSystem:FileSystem": kind("File system", "FS", "data"),
  "aws:ebs/volume:Volume": kind("Volume", "VO", "data"),
  "aws:dynamodb/table:Table": kind("DynamoDB table", "TB", "data"),
  "aws:s3/bucket:Bucket": kind("S3 bucket", "S3", "data"),
  "aws:sqs/queue:Queue": kind("Queue", "SQ", "data"),
  "aws:sns/topic:Topic": kind("Topic", "SN", "data"),
  "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": kind("Delivery stream", "FH", "data"),
  "aws:ecr/repository:Repository": kind("Image repository", "IM", "data"),
  "awsx:ecr:Repository": kind("Image repository", "IM", "data"),
  "aws:cloudwatch/logGroup:LogGroup": kind("Log group", "LG", "data"),
  "aws:backup/vault:Vault": kind("Backup vault", "BV", "data"),
  "aws:iam/role:Role": kind("IAM role", "RO", "access"),
  "aws:kms/key:Key": kind("KMS key", "KM", "access"),
  "aws:secretsmanager/secret:Secret": kind("Secret", "SE", "access"),
  "aws:cloudtrail/trail:Trail": kind("Trail", "TR", "access"),
  "aws:guardduty/detector:Detector": kind("GuardDuty", "GD", "access"),
  "aws:cfg/recorder:Recorder": kind("Config recorder", "CR", "access"),
};
