/**
 * Actions that know no resource level: AWS's service authorization reference gives them no resource type, or only for a
 * part of what they do. A statement that allows nothing else may say `*`.
 */
const unscopable: readonly RegExp[] = [
  /^(ec2|autoscaling|elasticloadbalancing|application-autoscaling|batch|ce|budgets|health|pricing|savingsplans|servicequotas|compute-optimizer|cost-optimization-hub|trustedadvisor|support):(Describe|Get|List|View)\w*\*?$/i,
  /^(rds|elasticache|ecs|eks|kms|logs|cloudwatch|events|states|lambda|sns|sqs|ssm|secretsmanager|iam|tag|backup|guardduty|config|cloudtrail|securityhub|inspector2|access-analyzer|imagebuilder|cloudfront|route53|acm|wafv2|dynamodb|kinesis|firehose|glue|athena|efs|elasticfilesystem|resource-groups|organizations|scheduler|s3):(List(?!Bucket|Object|MultipartUpload)|Describe)\w*\*?$/i,
  /^cloudwatch:(PutMetricData|GetMetricData|GetMetricStatistics|ListMetrics)$/i,
  /^xray:(Put|Get)\w*\*?$/i,
  /^ecr:GetAuthorizationToken$/i,
  /^(ssmmessages|ec2messages):\w+\*?$/i,
  /^ssm:(UpdateInstanceInformation|DescribeParameters|DescribeInstanceInformation|GetCommandInvocation|ListCommands|ListCommandInvocations|PutComplianceItems|PutInventory)$/i,
  /^logs:(CreateLogDelivery|GetLogDelivery|UpdateLogDelivery|DeleteLogDelivery|ListLogDeliveries|PutResourcePolicy|DescribeResourcePolicies|DescribeLogGroups|StopQuery|GetQueryResults|CancelExportTask)$/i,
  /^s3:(ListAllMyBuckets|GetAccountPublicAccessBlock|ListJobs|CreateJob)$/i,
  /^kms:(ListKeys|ListAliases|CreateKey|GenerateRandom)$/i,
  /^sts:(GetCallerIdentity|GetSessionToken|DecodeAuthorizationMessage)$/i,
  /^tag:Get\w*\*?$/i,
  /^iam:(GetAccountSummary|GetAccountPasswordPolicy|ListAccountAliases|GenerateCredentialReport|GetCredentialReport)$/i,
  /^states:(ListStateMachines|ValidateStateMachineDefinition)$/i,
  /^secretsmanager:(GetRandomPassword|ListSecrets|BatchGetSecretValue)$/i,
  /^eks:(DescribeAddonVersions|ListClusters)$/i,
  /^backup:(DescribeRestoreJob|PutRestoreValidationResult)$/i,
  /^config:(Put|BatchGet|Get|Select)\w*$/i,
  /^cloudformation:(ListStacks|ValidateTemplate)$/i,
  /^bedrock:(List\w+|GetFoundationModelAvailability)$/i,
];

/** True for an action, or a prefix such as `ec2:Describe*`, that takes no resource. */
export const knowsNoResource = (action: string): boolean => unscopable.some((form) => form.test(action));
