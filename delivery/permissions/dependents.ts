/** What a deployment needs beside the calls of its resource types. Facts of AWS's service authorization reference. */

/** Permissions that AWS asks for while it does something else, by the action that needs them. */
export const dependents: Readonly<Record<string, readonly string[]>> = {
  "ec2:CreateVpc": ["ec2:CreateTags"],
  "ec2:RunInstances": ["ec2:CreateTags"],
  "kms:CreateKey": ["kms:TagResource", "kms:PutKeyPolicy"],
  "rds:CreateDBInstance": ["rds:AddTagsToResource"],
  "s3:PutReplicationConfiguration": ["s3:GetReplicationConfiguration"],
  "secretsmanager:CreateSecret": ["secretsmanager:TagResource"],
  "logs:CreateLogGroup": ["logs:TagResource"],
  "wafv2:PutLoggingConfiguration": [
    "logs:CreateLogDelivery",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
  ],
  "states:CreateStateMachine": [
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
  ],
  "backup:CreateBackupVault": ["backup-storage:MountCapsule"],
};

/** Calls of the data sources that the program asks, and of the program itself. */
export const lookups: readonly string[] = [
  "ec2:DescribeAvailabilityZones",
  "ec2:DescribeImages",
  "ec2:DescribeInstanceStatus",
  "ec2:DescribeManagedPrefixLists",
  "ec2:GetManagedPrefixListEntries",
  "secretsmanager:GetRandomPassword",
  "servicequotas:GetServiceQuota",
  "ssm:DescribeParameters",
  "sts:GetCallerIdentity",
];

/** What `npm run verify` asks of AWS beside what deployments ask already. */
export const verification: readonly string[] = [
  "autoscaling:DescribeAutoScalingGroups",
  "cloudwatch:DescribeAlarms",
  "cloudwatch:ListTagsForResource",
  "ec2:DescribeInstances",
  "ec2:DescribeInstanceStatus",
  "ecs:DescribeClusters",
  "ecs:DescribeServices",
  "ecs:ListClusters",
  "ecs:ListServices",
  "elasticache:DescribeReplicationGroups",
  "elasticache:ListTagsForResource",
  "elasticloadbalancing:DescribeTags",
  "elasticloadbalancing:DescribeTargetGroups",
  "elasticloadbalancing:DescribeTargetHealth",
  "rds:DescribeDBInstances",
  "scheduler:GetSchedule",
  "scheduler:ListScheduleGroups",
  "scheduler:ListSchedules",
  "scheduler:ListTagsForResource",
];

/** What `npm run recover` asks of AWS beside what deployments ask already. */
export const recovery: readonly string[] = [
  "ec2:DescribeLaunchTemplates",
  "ec2:DescribeSecurityGroupRules",
  "ec2:DescribeTags",
  "events:ListTargetsByRule",
  "tag:GetResources",
];

/** What a client of a container registry calls to push an image. */
export const imagePush: readonly string[] = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:CompleteLayerUpload",
  "ecr:DescribeImages",
  "ecr:GetDownloadUrlForLayer",
  "ecr:InitiateLayerUpload",
  "ecr:PutImage",
  "ecr:UploadLayerPart",
];

/** Children of remote components, which a plan shows as one resource. */
export const remoteChildren: Readonly<Record<string, readonly string[]>> = {
  "awsx:ecs:FargateService": [
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:iam/role:Role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  ],
  "awsx:lb:ApplicationLoadBalancer": [
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/listener:Listener",
    "aws:lb/targetGroup:TargetGroup",
  ],
  "awsx:ecr:Repository": ["aws:ecr/repository:Repository", "aws:ecr/lifecyclePolicy:LifecyclePolicy"],
  "eks:index:Cluster": [
    "aws:eks/cluster:Cluster",
    "aws:eks/addon:Addon",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/role:Role",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  ],
  "eks:index:ManagedNodeGroup": ["aws:eks/nodeGroup:NodeGroup", "aws:ec2/launchTemplate:LaunchTemplate"],
};

/** Services that the roles of remote components are passed to. */
export const remotePasses: Readonly<Record<string, readonly string[]>> = {
  "awsx:ecs:FargateService": ["ecs-tasks.amazonaws.com"],
  "eks:index:Cluster": ["eks.amazonaws.com"],
  "eks:index:ManagedNodeGroup": ["ec2.amazonaws.com", "eks.amazonaws.com"],
};

/** Calls that stand in the provider's source for things that no deployment of this platform does. */
const unwanted: readonly RegExp[] = [
  /^iam:\w*(User|Group|MFADevice|SAMLProvider|ServerCertificate|AccessKey|LoginProfile)\w*$/,
  /^ec2:\w*(VpnConcentrator|Ipam|SpotInstanceRequests|TransitGateway)\w*$/,
  /^ec2:(GetPasswordData|ModifyVpcTenancy)$/,
  /^lambda:\w*DurableExecution\w*$/,
  /^dynamodb:(ImportTable|RestoreTableFromBackup|DescribeImport)$/,
  /^elasticache:\w*(Serverless|GlobalReplication)\w*$/,
  /^rds:\w*DBShardGroups?$/,
  /^rds:RestoreDBInstanceFromS3$/,
  /^s3:UpdateBucketMetadata\w*$/,
  /^securityhub:\w*ConnectorV2$/,
  /^cloudwatch:\w*OTelEnrichment$/,
];

export const isWanted = (action: string): boolean => !unwanted.some((form) => form.test(action));

/** Service-linked roles that AWS makes at a resource type's first use, by the type's service. */
export const linkedRoles: Readonly<Record<string, readonly string[]>> = {
  autoscaling: ["autoscaling.amazonaws.com"],
  cloudtrail: ["cloudtrail.amazonaws.com"],
  cfg: ["config.amazonaws.com"],
  ecs: ["ecs.amazonaws.com"],
  eks: ["eks.amazonaws.com", "eks-nodegroup.amazonaws.com"],
  elasticache: ["elasticache.amazonaws.com"],
  guardduty: ["guardduty.amazonaws.com", "malware-protection.guardduty.amazonaws.com"],
  lb: ["elasticloadbalancing.amazonaws.com"],
  rds: ["rds.amazonaws.com"],
  securityhub: ["securityhub.amazonaws.com"],
  accessanalyzer: ["access-analyzer.amazonaws.com"],
  appautoscaling: ["ecs.application-autoscaling.amazonaws.com"],
  backup: ["backup.amazonaws.com"],
  batch: ["batch.amazonaws.com"],
  inspector2: ["inspector2.amazonaws.com"],
  imagebuilder: ["imagebuilder.amazonaws.com"],
};
