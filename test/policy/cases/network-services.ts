import { secret, unknown } from "../support/pack";
import { a, table } from "../support/tables";

const balancer = "aws:lb/loadBalancer:LoadBalancer";
const block = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock";
const bucket = "aws:s3/bucket:Bucket";
const all = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true };
const entry = { settings: { publicEntries: ["web"] } };
const anybody = (change: object = {}) =>
  JSON.stringify({ Statement: { Effect: "Allow", Principal: "*", Action: "*", Resource: "*", ...change } });
const firewall = (refs: object) =>
  a("aws:wafv2/webAclAssociation:WebAclAssociation", {}, { name: "w", refs: { ...refs } });

export const networkServices = [
  table(
    "rds-not-public",
    "aws:rds/instance:Instance",
    ["pass", { publiclyAccessible: false }],
    ["fail", { publiclyAccessible: true }, /public address/],
    ["fail", a("aws:rds/clusterInstance:ClusterInstance", { publiclyAccessible: true }), /public address/],
    ["fail", a("aws:dms/replicationInstance:ReplicationInstance", { publiclyAccessible: true }), /public address/],
    ["fail", a("aws:redshift/cluster:Cluster", { publiclyAccessible: true }), /public address/],
    ["undefined", {}],
    ["unknown", { publiclyAccessible: unknown }, "cannot tell"],
    ["secret", { publiclyAccessible: secret(true) }, /public address/],
  ),
  table(
    "eks-endpoint-private",
    "aws:eks/cluster:Cluster",
    ["pass", { vpcConfig: { endpointPublicAccess: false } }],
    ["pass", a("eks:index:Cluster", { endpointPublicAccess: false })],
    ["fail", { vpcConfig: { endpointPublicAccess: true } }, /open to the internet/],
    [
      "fail",
      { vpcConfig: { endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.0/24"] } },
      /for a few addresses/,
    ],
    [
      "fail",
      { vpcConfig: { publicAccessCidrs: ["0.0.0.0/0"] } },
      { advisory: /open to the internet/ },
      { stage: "dev" },
    ],
    ["fail", a("eks:index:Cluster"), /open to the internet/],
    ["undefined", { vpcConfig: {} }, /open to the internet/],
    ["unknown", { vpcConfig: { endpointPublicAccess: unknown } }, "cannot tell"],
    ["secret", { vpcConfig: secret({ endpointPublicAccess: false }) }],
  ),
  table(
    "load-balancer-internal",
    balancer,
    ["pass", { internal: true }],
    ["pass", [a(balancer, { internal: false }, { name: "web" }), firewall({ resourceArn: "web" })], "nothing", entry],
    ["pass", [a(balancer, { internal: false, loadBalancerType: "network" }, { name: "web" })], "nothing", entry],
    ["fail", { internal: false }, /no entry declares it/],
    ["fail", [a(balancer, { internal: false }, { name: "web" })], /without a web firewall/, entry],
    ["fail", a("aws:elb/loadBalancer:LoadBalancer"), /no entry declares it/],
    ["fail", a("awsx:lb:ApplicationLoadBalancer"), /no entry declares it/],
    [
      "pass",
      [
        a("awsx:lb:ApplicationLoadBalancer", {}, { name: "web" }),
        a(balancer, { internal: false }, { name: "web-lb", parent: "web" }),
        firewall({ resourceArn: "web" }),
      ],
      "nothing",
      { settings: { publicEntries: ["web*"] } },
    ],
    ["undefined", {}, /no entry declares it/],
    ["unknown", { internal: unknown }, "cannot tell"],
    ["secret", { internal: secret(true) }],
  ),
  table(
    "resource-policy-not-public",
    "aws:sns/topicPolicy:TopicPolicy",
    ["pass", { policy: anybody({ Principal: { Service: "cloudwatch.amazonaws.com" } }) }],
    [
      "pass",
      {
        policy: anybody({
          Principal: { AWS: "*" },
          Condition: { StringEquals: { "AWS:SourceOwner": "123456789012" } },
        }),
      },
    ],
    [
      "pass",
      a("aws:efs/fileSystemPolicy:FileSystemPolicy", {
        policy: anybody({ Condition: { Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" } } }),
      }),
    ],
    ["fail", { policy: anybody() }, /statement 1 lets anybody/],
    ["fail", a("aws:sqs/queue:Queue", { policy: anybody() }), /lets anybody/],
    ["fail", a("aws:sqs/queuePolicy:QueuePolicy", { policy: anybody({ Principal: { AWS: ["*"] } }) }), /lets anybody/],
    ["fail", a("aws:ecr/repositoryPolicy:RepositoryPolicy", { policy: anybody() }), /lets anybody/],
    ["fail", a("aws:secretsmanager/secretPolicy:SecretPolicy", { policy: anybody() }), /lets anybody/],
    ["fail", a("aws:backup/vaultPolicy:VaultPolicy", { policy: anybody() }), /lets anybody/],
    [
      "fail",
      a("aws:ssm/document:Document", { permissions: { type: "Share", accountIds: "All" } }),
      /shared with everybody/,
    ],
    ["undefined", {}],
    ["unknown", { policy: unknown }, "cannot tell"],
    ["secret", { policy: secret(anybody()) }, /lets anybody/],
  ),
  table(
    "lambda-url-authenticated",
    "aws:lambda/functionUrl:FunctionUrl",
    ["pass", { authorizationType: "AWS_IAM" }],
    ["fail", { authorizationType: "NONE" }, /anybody may call/],
    ["fail", { authorizationType: "AWS_IAM", cors: { allowOrigins: ["*"], allowCredentials: true } }, /any site/],
    ["fail", a("aws:lambda/permission:Permission", { functionUrlAuthType: "NONE" }), /anybody may call/],
    ["undefined", {}, /anybody may call/],
    ["unknown", { authorizationType: unknown }, "cannot tell"],
    ["secret", { authorizationType: secret("AWS_IAM") }],
  ),
  table(
    "s3-public-access-blocked",
    block,
    ["pass", [a(bucket, {}, { name: "b" }), a(block, all, { name: "x", refs: { bucket: "b" } })]],
    [
      "pass",
      [a("aws:s3/bucketV2:BucketV2", { bucket: "n" }, { name: "b" }), a(block, { bucket: "n", ...all }, { name: "x" })],
    ],
    ["fail", [a(bucket, {}, { name: "b" })], /nothing blocks public access/],
    ["fail", { ...all, restrictPublicBuckets: false }, /restrictPublicBuckets is not true/],
    ["pass", a("aws:s3/accessPoint:AccessPoint", { bucket: "b" })],
    [
      "fail",
      a("aws:s3/accessPoint:AccessPoint", { publicAccessBlockConfiguration: { ...all, blockPublicPolicy: false } }),
      /turns blockPublicPolicy off/,
    ],
    ["fail", a("aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock", {}), /are not true/],
    ["undefined", {}, /blockPublicAcls, .* are not true/],
    ["unknown", { ...all, ignorePublicAcls: unknown }, "cannot tell"],
    ["secret", { ...all, ignorePublicAcls: secret(true) }],
  ),
  table(
    "s3-no-public-policy-or-acl",
    bucket,
    ["pass", { acl: "private" }],
    ["pass", a("aws:s3/bucketPolicy:BucketPolicy", { policy: anybody({ Effect: "Deny" }) })],
    ["fail", a("aws:s3control/accessPointPolicy:AccessPointPolicy", { policy: anybody() }), /lets anybody in/],
    [
      "fail",
      a("aws:s3/objectCopy:ObjectCopy", {
        grants: [{ type: "Group", uri: "http://acs.amazonaws.com/groups/global/AllUsers", permissions: ["READ"] }],
      }),
      /a grant shows it to everybody/,
    ],
    [
      "pass",
      a("aws:s3/bucketPolicy:BucketPolicy", {
        policy: anybody({ Principal: { Service: "cloudfront.amazonaws.com" } }),
      }),
    ],
    [
      "pass",
      a("aws:s3/bucketPolicy:BucketPolicy", {
        policy: anybody({ Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } } }),
      }),
    ],
    ["fail", { acl: "public-read" }, /shows the bucket to everybody/],
    ["fail", { grants: [{ uri: "http://acs.amazonaws.com/groups/global/AllUsers" }] }, /grant shows/],
    ["fail", { policy: anybody() }, /lets anybody in/],
    ["fail", a("aws:s3/bucketAcl:BucketAcl", { acl: "public-read-write" }), /everybody/],
    [
      "fail",
      a("aws:s3/bucketAclV2:BucketAclV2", {
        accessControlPolicy: {
          grants: [{ grantee: { uri: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers" } }],
        },
      }),
      /grant shows/,
    ],
    [
      "fail",
      a("aws:s3/bucketPolicy:BucketPolicy", {
        policy: anybody({ Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } } }),
      }),
      /lets anybody in/,
    ],
    ["fail", a("aws:s3/bucketObjectv2:BucketObjectv2", { acl: "public-read" }), /everybody/],
    [
      "fail",
      a("aws:s3/bucketOwnershipControls:BucketOwnershipControls", { rule: { objectOwnership: "ObjectWriter" } }),
      { advisory: /ACLs decide/ },
    ],
    ["undefined", {}],
    ["unknown", a("aws:s3/bucketPolicy:BucketPolicy", { policy: unknown }), "cannot tell"],
    ["secret", a("aws:s3/bucketPolicy:BucketPolicy", { policy: secret(anybody()) }), /lets anybody in/],
  ),
  table(
    "snapshot-and-ami-not-public",
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
    ["pass", { accountId: "123456789012" }],
    ["fail", { group: "all" }, /anybody may launch/],
    [
      "fail",
      a("aws:ec2/snapshotCreateVolumePermission:SnapshotCreateVolumePermission", { accountId: "all" }),
      /anybody may copy/,
    ],
    ["fail", a("aws:rds/snapshot:Snapshot", { sharedAccounts: ["all"] }), /anybody may restore/],
    [
      "fail",
      a("aws:imagebuilder/distributionConfiguration:DistributionConfiguration", {
        distributions: [{ amiDistributionConfiguration: { launchPermission: { userGroups: ["all"] } } }],
      }),
      /anybody may launch/,
    ],
    ["fail", a("aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess", { state: "unblocked" }), /become public/],
    ["undefined", {}],
    ["unknown", { group: unknown }, "cannot tell"],
    ["secret", { group: secret("all") }, /anybody may launch/],
  ),
];
