import type * as aws from "@pulumi/aws";
import { bucketTypes, companionsOf, companionTypes } from "../frame/buckets";
import { allowsAnybody, nameOf, statementsOf } from "../frame/documents";
import { isOpen } from "../frame/addresses";
import { checkov, cis, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { forEachKnown, isGiven, listOf } from "../frame/values";

export const rdsNotPublic: Policy = {
  name: "rds-not-public",
  description: "Databases have no public address.",
  severity: "critical",
  level: "mandatory",
  fix: "Set publiclyAccessible: false",
  url: reference("rds/instance"),
  frameworks: [cis("2.3.3"), fsbp("RDS.2"), pci("1.4.4")],
  checkov: checkov(17),
  rules: on<aws.rds.InstanceArgs>(
    [
      "aws:rds/instance:Instance",
      "aws:rds/clusterInstance:ClusterInstance",
      "aws:rds/cluster:Cluster",
      "aws:dms/replicationInstance:ReplicationInstance",
      "aws:redshift/cluster:Cluster",
    ],
    (db, report) => {
      if (db.publiclyAccessible) report("it has a public address");
    },
  ),
  remedies: [
    {
      type: "aws:rds/instance:Instance",
      mend: (props) => (props.publiclyAccessible === true ? { publiclyAccessible: false } : undefined),
    },
  ],
};

function checkEndpoint(open: boolean | undefined, cidrs: readonly string[] | undefined, report: Report): void {
  if (open === false) return;
  const narrow = listOf(cidrs).length > 0 && !listOf(cidrs).some(isOpen);
  report(
    narrow
      ? "the Kubernetes endpoint is public, for a few addresses"
      : "the Kubernetes endpoint is open to the internet",
  );
}

export const eksEndpointPrivate: Policy = {
  name: "eks-endpoint-private",
  description: "The Kubernetes endpoint is reached from inside the VPC only.",
  severity: "high",
  level: "mandatory",
  fix: "Set endpointPublicAccess: false and endpointPrivateAccess: true",
  url: reference("eks/cluster"),
  frameworks: [fsbp("EKS.1"), pci("1.4.2")],
  checkov: checkov(38, 39),
  rules: [
    ...on<aws.eks.ClusterArgs>("aws:eks/cluster:Cluster", ({ vpcConfig }, report) =>
      checkEndpoint(vpcConfig.endpointPublicAccess, vpcConfig.publicAccessCidrs, report),
    ),
    ...on<{ endpointPublicAccess?: boolean; publicAccessCidrs?: readonly string[] }>(
      "eks:index:Cluster",
      (cluster, report) => checkEndpoint(cluster.endpointPublicAccess, cluster.publicAccessCidrs, report),
    ),
  ],
};

const balancerTypes = ["aws:lb/loadBalancer:LoadBalancer", "aws:alb/loadBalancer:LoadBalancer"] as const;
const awsxBalancer = "awsx:lb:ApplicationLoadBalancer";

export const loadBalancerInternal: Policy = {
  name: "load-balancer-internal",
  description: "Load balancers are internal, or declared as an entry and behind a web firewall.",
  severity: "high",
  level: "mandatory",
  fix: "Set internal: true, or name it in policies.publicEntries and associate a web ACL",
  url: reference("lb/loadbalancer"),
  frameworks: [pci("1.4.2"), pci("6.4.2")],
  checkov: checkov("2:28"),
  rules: on<aws.lb.LoadBalancerArgs>(
    [...balancerTypes, awsxBalancer, "awsx:lb:NetworkLoadBalancer", "aws:elb/loadBalancer:LoadBalancer"],
    (balancer, report, at) => {
      if (balancer.internal !== true && !at.isPublicEntry(at))
        report("it faces the internet, and no entry declares it");
    },
  ),
  stackRule: (stack, report) => {
    const associations = ["aws:wafv2/webAclAssociation:WebAclAssociation"];
    forEachKnown(stack.ofType<aws.lb.LoadBalancerArgs>(...balancerTypes, awsxBalancer), (balancer) => {
      if (balancer.props.internal === true) return;
      if ((balancer.props.loadBalancerType ?? "application") !== "application") return;
      if (balancer.type !== awsxBalancer && balancer.parent?.type === awsxBalancer) return; // its parent is looked at
      const firewalls = stack.referrers(balancer, associations, "resourceArn");
      if (firewalls.length === 0) report("it faces the internet without a web firewall", balancer);
    });
  },
};

/** Policies of resources that somebody else could use, by type and property. */
const sharedPolicies: readonly (readonly [types: readonly string[], property: string])[] = [
  [["aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"], "policy"],
  [["aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy"], "policy"],
  [["aws:ecr/repositoryPolicy:RepositoryPolicy"], "policy"],
  [["aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretPolicy:SecretPolicy"], "policy"],
  [["aws:backup/vaultPolicy:VaultPolicy"], "policy"],
  [["aws:efs/fileSystemPolicy:FileSystemPolicy"], "policy"],
  [["aws:cloudwatch/eventBusPolicy:EventBusPolicy"], "policy"],
  [["aws:kinesis/resourcePolicy:ResourcePolicy"], "policy"],
  [["aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy"], "accessPolicy"],
  [["aws:dynamodb/resourcePolicy:ResourcePolicy"], "policy"],
];

/** Signs of a mount from inside the VPC: what an EFS policy for everybody is usually bound to. */
const isMount = ({ key }: { readonly key: string }) => key === "elasticfilesystem:accessedviamounttarget";

export const resourcePolicyNotPublic: Policy = {
  name: "resource-policy-not-public",
  description: "Policies of topics, queues, repositories, secrets, vaults and documents name who may use them.",
  severity: "critical",
  level: "mandatory",
  fix: "Name the account or service as the principal, or bind the wildcard with aws:SourceAccount or aws:PrincipalOrgID",
  url: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
  frameworks: [pci("7.2.1")],
  checkov: checkov(32, 72, 168, 169),
  rules: [
    ...sharedPolicies.flatMap(([types, property]) =>
      on<Record<string, unknown>>(types, (props, report) => {
        statementsOf(props[property]).forEach((statement, index) => {
          const bound = statement.conditions.some(isMount);
          if (!bound && allowsAnybody(statement)) report(`${nameOf(statement, index)} lets anybody use it`);
        });
      }),
    ),
    ...on<aws.ssm.DocumentArgs>("aws:ssm/document:Document", (document, report) => {
      const permissions = document.permissions;
      if (permissions?.accountIds?.toLowerCase().includes("all")) report("the document is shared with everybody");
    }),
  ],
};

export const lambdaUrlAuthenticated: Policy = {
  name: "lambda-url-authenticated",
  description: "Function URLs ask for an IAM identity.",
  severity: "high",
  level: "mandatory",
  fix: "Set authorizationType: AWS_IAM",
  url: reference("lambda/functionurl"),
  frameworks: [fsbp("Lambda.1")],
  checkov: checkov(258, 301),
  rules: [
    ...on<aws.lambda.FunctionUrlArgs>("aws:lambda/functionUrl:FunctionUrl", (url, report) => {
      if (url.authorizationType !== "AWS_IAM") report("anybody may call the function's URL");
      if (listOf(url.cors?.allowOrigins).includes("*") && url.cors?.allowCredentials) {
        report("any site may call the function's URL with a visitor's credentials");
      }
    }),
    ...on<aws.lambda.PermissionArgs>("aws:lambda/permission:Permission", (permission, report) => {
      if (permission.functionUrlAuthType === "NONE") report("anybody may call the function's URL");
    }),
  ],
};

const blocks = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;
const accessBlock = "BucketPublicAccessBlock";

export const s3PublicAccessBlocked: Policy = {
  name: "s3-public-access-blocked",
  description: "Every bucket and the account block public access, in all four ways.",
  severity: "critical",
  level: "mandatory",
  fix: "Give the bucket an aws.s3.BucketPublicAccessBlock with all four settings true",
  url: reference("s3/bucketpublicaccessblock"),
  frameworks: [cis("2.1.4"), fsbp("S3.1"), fsbp("S3.8"), pci("1.4.4")],
  checkov: checkov(53, 54, 55, 56, "2:6"),
  rules: [
    ...on<aws.s3.BucketPublicAccessBlockArgs>(
      [...companionTypes(accessBlock), "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"],
      (block, report) => {
        const missing = blocks.filter((one) => block[one] !== true);
        if (missing.length > 0) report(`${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not true`);
      },
    ),
    // An access point that says nothing blocks everything.
    ...on<aws.s3.AccessPointArgs>("aws:s3/accessPoint:AccessPoint", ({ publicAccessBlockConfiguration }, report) => {
      const open = blocks.filter((one) => publicAccessBlockConfiguration?.[one] === false);
      if (open.length > 0) report(`the access point turns ${open.join(", ")} off`);
    }),
  ],
  stackRule: (stack, report) => {
    for (const bucket of stack.ofType<aws.s3.BucketArgs>(...bucketTypes)) {
      if (companionsOf(stack, bucket, accessBlock).length === 0) report("nothing blocks public access", bucket);
    }
  },
  remedies: companionTypes(accessBlock).map((type) => ({
    type,
    mend: (props) =>
      blocks.every((one) => props[one] === true)
        ? undefined
        : { ...Object.fromEntries(blocks.map((one) => [one, true])) },
  })),
};

const publicAcls = ["public-read", "public-read-write", "authenticated-read"];
const everybody = /(AllUsers|AuthenticatedUsers)$/;

function checkAcl(acl: string | undefined, report: Report): void {
  if (acl !== undefined && publicAcls.includes(acl)) report(`the ACL ${acl} shows the bucket to everybody`);
}

function checkBucketPolicy(document: unknown, report: Report): void {
  statementsOf(document).forEach((statement, index) => {
    if (allowsAnybody(statement)) report(`${nameOf(statement, index)} of the bucket policy lets anybody in`);
  });
}

export const s3NoPublicPolicyOrAcl: Policy = {
  name: "s3-no-public-policy-or-acl",
  description: "No bucket policy and no ACL lets everybody in.",
  severity: "critical",
  level: "mandatory",
  fix: "Name who may read in the bucket policy, and leave ACLs off (BucketOwnerEnforced)",
  url: reference("s3/bucketpolicy"),
  frameworks: [fsbp("S3.2"), fsbp("S3.3"), pci("1.4.4")],
  checkov: checkov(20, 57, 70, "2:43", "2:65"),
  rules: [
    ...on<aws.s3.BucketArgs>(bucketTypes, (bucket, report) => {
      checkAcl(bucket.acl, report);
      if (isGiven(() => bucket.policy)) checkBucketPolicy(bucket.policy, report);
      for (const { uri } of listOf(bucket.grants))
        if (uri && everybody.test(uri)) report("a grant shows the bucket to everybody");
    }),
    ...on<aws.s3.BucketAclArgs>(companionTypes("BucketAcl"), (acl, report) => {
      checkAcl(acl.acl, report);
      for (const { grantee } of listOf(acl.accessControlPolicy?.grants)) {
        if (grantee?.uri && everybody.test(grantee.uri)) report("a grant shows the bucket to everybody");
      }
    }),
    ...on<aws.s3.BucketPolicyArgs>(
      [
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/accessPoint:AccessPoint",
        "aws:s3control/accessPointPolicy:AccessPointPolicy",
        "aws:s3control/objectLambdaAccessPointPolicy:ObjectLambdaAccessPointPolicy",
      ],
      ({ policy }, report) => checkBucketPolicy(policy, report),
    ),
    ...on<aws.s3.BucketOwnershipControlsArgs>(
      "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
      ({ rule }, report) => {
        if (rule.objectOwnership !== "BucketOwnerEnforced") report("ACLs decide on objects", { advisory: true });
      },
    ),
    ...on<aws.s3.BucketObjectv2Args>(
      ["aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject", "aws:s3/objectCopy:ObjectCopy"],
      (object, report) => checkAcl(object.acl, report),
    ),
    ...on<aws.s3.ObjectCopyArgs>("aws:s3/objectCopy:ObjectCopy", ({ grants }, report) => {
      for (const { uri } of listOf(grants)) if (uri && everybody.test(uri)) report("a grant shows it to everybody");
    }),
  ],
};

export const snapshotAndAmiNotPublic: Policy = {
  name: "snapshot-and-ami-not-public",
  description: "Images and snapshots are shared with nobody in general.",
  severity: "critical",
  level: "mandatory",
  fix: "Share with account ids or an organization's ARN, never with all",
  url: reference("ec2/amilaunchpermission"),
  frameworks: [fsbp("EC2.1"), fsbp("RDS.1"), pci("1.4.4")],
  checkov: checkov(205, 302, 303),
  rules: [
    ...on<aws.ec2.AmiLaunchPermissionArgs>("aws:ec2/amiLaunchPermission:AmiLaunchPermission", (permission, report) => {
      if (permission.group === "all") report("anybody may launch the image");
    }),
    ...on<aws.ec2.SnapshotCreateVolumePermissionArgs>(
      "aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission",
      (permission, report) => {
        if (permission.accountId === "all") report("anybody may copy the snapshot");
      },
    ),
    ...on<aws.rds.SnapshotArgs>(
      [
        "aws:rds/snapshot:Snapshot",
        "aws:rds/snapshotCopy:SnapshotCopy",
        "aws:rds/clusterSnapshotCopy:ClusterSnapshotCopy",
      ],
      (snapshot, report) => {
        if (listOf(snapshot.sharedAccounts).includes("all")) report("anybody may restore the snapshot");
      },
    ),
    ...on<aws.imagebuilder.DistributionConfigurationArgs>(
      "aws:imagebuilder/distributionConfiguration:DistributionConfiguration",
      (configuration, report) => {
        for (const { amiDistributionConfiguration: image } of listOf(configuration.distributions)) {
          if (listOf(image?.launchPermission?.userGroups).includes("all")) report("anybody may launch the image");
        }
      },
    ),
    ...on<{ state?: string }>(
      [
        "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess",
        "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess",
      ],
      ({ state }, report) => {
        if (state === "unblocked") report("the account lets images or snapshots become public");
      },
    ),
  ],
};

export const publicServices: readonly Policy[] = [
  rdsNotPublic,
  eksEndpointPrivate,
  loadBalancerInternal,
  resourcePolicyNotPublic,
  lambdaUrlAuthenticated,
  s3PublicAccessBlocked,
  s3NoPublicPolicyOrAcl,
  snapshotAndAmiNotPublic,
];
