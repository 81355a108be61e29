/**
 * What AWS-managed policies that the platform attaches allow, as the first words of their actions: facts of AWS's managed
 * policy reference. A boundary caps what a role may do, so AWS's next version of a policy stays within these words.
 */
const words = (service: string, ...starts: readonly string[]) => starts.map((start) => `${service}:${start}*`);

/** Writing a log, creating its group where there is none. */
const writeLogs = words("logs", "CreateLog", "DescribeLog", "PutLogEvents", "PutRetention");
const pullImages = words("ecr", "BatchCheck", "BatchGet", "BatchImport", "GetAuthorization", "GetDownload");
const ownNetworkInterfaces = words("ec2", "Assign", "Attach", "Create", "Delete", "Describe", "Detach", "Unassign");

const managed: Readonly<Record<string, readonly string[]>> = {
  AmazonSSMManagedInstanceCore: [
    ...words("ssm", "Describe", "Get", "List", "PutCompliance", "PutConfigure", "PutInventory", "Update"),
    ...words("ssmmessages", "Create", "Open"),
    ...words("ec2messages", "Acknowledge", "Delete", "Fail", "Get", "Send"),
  ],
  CloudWatchAgentServerPolicy: [
    ...writeLogs,
    ...words("cloudwatch", "PutMetric"),
    ...words("ec2", "Describe"),
    ...words("ssm", "GetParameter"),
    ...words("xray", "Get", "Put"),
  ],
  AWSLambdaVPCAccessExecutionRole: [...writeLogs, ...ownNetworkInterfaces],
  AmazonRDSEnhancedMonitoringRole: [...writeLogs, ...words("logs", "GetLogEvents")],
  EC2InstanceProfileForImageBuilder: [
    ...writeLogs,
    ...words("ec2", "Create", "Describe"),
    ...words("imagebuilder", "Get"),
    ...words("kms", "Decrypt"),
    ...words("s3", "Get"),
  ],
  AmazonEC2ContainerServiceforEC2Role: [
    ...writeLogs,
    ...pullImages,
    ...words("ec2", "DescribeTags"),
    ...words("ecs", "Create", "Deregister", "Discover", "List", "Poll", "Register", "Start", "Submit", "Tag", "Update"),
  ],
  AmazonECSTaskExecutionRolePolicy: [...writeLogs, ...pullImages],
  AmazonECSInfrastructureRolePolicyForLoadBalancers: words(
    "elasticloadbalancing",
    "Deregister",
    "Describe",
    "Modify",
    "Register",
  ),
  AmazonEC2ContainerRegistryPullOnly: pullImages,
  AmazonEKSWorkerNodePolicy: [...words("ec2", "Describe"), ...words("eks", "Describe"), ...words("eks-auth", "Assume")],
  AmazonEKS_CNI_Policy: [...ownNetworkInterfaces, ...words("ec2", "Modify")],
  AmazonEBSCSIDriverPolicy: words(
    "ec2",
    ...["Attach", "Copy", "Create", "Delete", "Describe", "Detach", "Enable", "Lock", "Modify"],
  ),
  AmazonEKSClusterPolicy: [
    ...words("autoscaling", "Describe", "Update"),
    ...words("ec2", "Attach", "Authorize", "Create", "Delete", "Describe", "Detach", "Modify", "Revoke"),
    ...words("elasticloadbalancing", "Add", "Apply", "Attach", "Configure", "Create", "Delete", "Deregister"),
    ...words("elasticloadbalancing", "Describe", "Detach", "Modify", "Register", "Set"),
    ...words("kms", "Describe"),
  ],
  AWSBackupServiceRolePolicyForBackup: [
    ...words("backup", "Copy", "Describe", "Get", "List", "Start", "Stop", "Tag"),
    ...words("backup-storage", "Create", "Mount", "Start"),
    ...words("dynamodb", "Create", "Delete", "Describe", "List", "Start"),
    ...words("ec2", "Copy", "Create", "Delete", "Deregister", "Describe", "Modify"),
    ...words("elasticfilesystem", "Backup", "Describe", "Restore"),
    ...words("kms", "Create", "Decrypt", "Describe", "Generate", "ReEncrypt"),
    ...words("rds", "Add", "Copy", "Create", "Delete", "Describe", "List", "Modify"),
    ...words("tag", "Get"),
  ],
  AWSBackupServiceRolePolicyForRestores: [
    ...words("backup", "Describe", "List", "Start"),
    ...words("backup-storage", "Get", "Mount"),
    ...words(
      "dynamodb",
      "BatchWrite",
      "DeleteItem",
      "Describe",
      "Get",
      "Put",
      "Query",
      "Restore",
      "Scan",
      "Start",
      "Update",
    ),
    ...words("ebs", "Complete", "Put", "Start"),
    ...words("ec2", "Attach", "Create", "Delete", "Describe", "Restore", "Run", "Terminate"),
    ...words("iam", "GetRole", "ListAttachedRolePolicies"),
    ...words("elasticfilesystem", "Create", "Delete", "Describe", "Restore", "Tag"),
    ...words("kms", "Create", "Decrypt", "Describe", "Encrypt", "Generate", "ReEncrypt"),
    ...words("rds", "Add", "Create", "Delete", "Describe", "List", "Restore"),
  ],
};

/** Reads of everything, for AWS Config: of the services that the plan names, as nobody else makes things here. */
const recordsConfiguration = "AWS_ConfigRole";

/** Getting from these is reading data and code, not configuration: lists and descriptions are enough for a record. */
const heldBack: ReadonlySet<string> = new Set(["ecr", "lambda", "s3", "secretsmanager", "ssm"]);

/** What of a stack's own actions AWS Config calls as well: the words with which each service reads. */
function recordings(actions: readonly string[]): string[] {
  const found = actions.flatMap((action) => {
    const [service = "", start = ""] = /^([\w-]+):(Describe|Get|List)/.exec(action)?.slice(1) ?? [];
    return start === "" || (start === "Get" && heldBack.has(service)) ? [] : words(service, start);
  });
  return [...found, ...words("s3", "GetEncryption", "GetLifecycle", "GetReplication"), ...words("iam", "Get", "List")];
}

/** Name of an AWS-managed policy: the last part of its ARN. */
export const managedName = (arn: string): string => arn.split("/").at(-1) ?? arn;

/** True for a policy whose actions are known here. */
export const isKnownManaged = (arn: string): boolean =>
  managedName(arn) === recordsConfiguration || managedName(arn) in managed;

/** Services that AWS Backup works with whatever it saves. */
const backsUp: ReadonlySet<string> = new Set(["backup", "backup-storage", "ebs", "iam", "kms", "tag"]);

/** The patterns of actions that an AWS-managed policy needs; `actions` are those that deploy the stack. */
export function managedActions(arn: string, actions: readonly string[]): readonly string[] {
  const name = managedName(arn);
  if (name === recordsConfiguration) return recordings(actions);
  const all = managed[name] ?? [];
  if (!name.startsWith("AWSBackup")) return all;
  // Of what AWS Backup can save there is what the stack has.
  const own = new Set([...backsUp, ...actions.map((action) => action.split(":")[0] ?? "")]);
  return all.filter((pattern) => own.has(pattern.split(":")[0] ?? ""));
}
