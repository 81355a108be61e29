/** What holds state, and which inputs force AWS to make a resource anew. */

/** What is lost with a resource of a type. */
export const stateful: Readonly<Record<string, string>> = {
  "aws:rds/instance:Instance": "the database and its automated backups",
  "aws:rds/cluster:Cluster": "the database and its automated backups",
  "aws:elasticache/replicationGroup:ReplicationGroup": "everything in the cache",
  "aws:efs/fileSystem:FileSystem": "every file",
  "aws:ebs/volume:Volume": "everything on the volume",
  "aws:dynamodb/table:Table": "every item",
  "aws:s3/bucket:Bucket": "every object (AWS refuses while there are any)",
  "aws:s3/bucketV2:BucketV2": "every object (AWS refuses while there are any)",
  "aws:kms/key:Key": "whatever is encrypted with the key, once its waiting period is over",
  "aws:secretsmanager/secret:Secret": "the secret's values, once its recovery window is over",
  "aws:backup/vault:Vault": "the recovery points (AWS refuses while there are any)",
  "aws:cloudwatch/logGroup:LogGroup": "the logs",
  "aws:kinesis/stream:Stream": "records that nobody has read yet",
  "aws:sqs/queue:Queue": "messages that nobody has read yet",
  "aws:ecr/repository:Repository": "the images",
  "aws:ec2/eip:Eip": "the address, which others may have allowed through their firewalls",
  "aws:eks/cluster:Cluster": "the cluster with all that runs on it",
  "eks:index:Cluster": "the cluster with all that runs on it",
};

/** Inputs whose change replaces a resource, as the aws provider documents them. */
const replacing: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/vpc:Vpc": ["cidrBlock", "ipv4IpamPoolId"],
  "aws:ec2/subnet:Subnet": ["cidrBlock", "availabilityZone", "vpcId"],
  "aws:ec2/instance:Instance": [
    "ami",
    "availabilityZone",
    "subnetId",
    "instanceMarketOptions",
    "rootBlockDevice.encrypted",
  ],
  "aws:ec2/launchTemplate:LaunchTemplate": ["name", "namePrefix"],
  "aws:ec2/securityGroup:SecurityGroup": ["name", "namePrefix", "description", "vpcId"],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ["securityGroupId"],
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ["securityGroupId"],
  "aws:ec2/natGateway:NatGateway": ["subnetId", "allocationId", "connectivityType"],
  "aws:ec2/eip:Eip": ["domain", "networkBorderGroup", "publicIpv4Pool"],
  "aws:ec2/vpcEndpoint:VpcEndpoint": ["serviceName", "vpcEndpointType", "vpcId"],
  "aws:ec2/route:Route": ["routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"],
  "aws:ec2/flowLog:FlowLog": ["logDestination", "trafficType", "vpcId", "maxAggregationInterval"],
  "aws:rds/instance:Instance": [
    "availabilityZone",
    "characterSetName",
    "dbName",
    "engine",
    "identifierPrefix",
    "kmsKeyId",
    "snapshotIdentifier",
    "storageEncrypted",
    "username",
  ],
  "aws:rds/subnetGroup:SubnetGroup": ["name"],
  "aws:rds/parameterGroup:ParameterGroup": ["name", "family"],
  "aws:elasticache/replicationGroup:ReplicationGroup": [
    "atRestEncryptionEnabled",
    "kmsKeyId",
    "port",
    "replicationGroupId",
    "subnetGroupName",
  ],
  "aws:efs/fileSystem:FileSystem": [
    "availabilityZoneName",
    "creationToken",
    "encrypted",
    "kmsKeyId",
    "performanceMode",
  ],
  "aws:ebs/volume:Volume": ["availabilityZone", "encrypted", "kmsKeyId", "snapshotId"],
  "aws:dynamodb/table:Table": ["name", "hashKey", "rangeKey"],
  "aws:s3/bucket:Bucket": ["bucket", "bucketPrefix", "objectLockEnabled"],
  "aws:kms/key:Key": ["customerMasterKeySpec", "keyUsage", "multiRegion"],
  "aws:secretsmanager/secret:Secret": ["name", "namePrefix"],
  "aws:cloudwatch/logGroup:LogGroup": ["name", "namePrefix"],
  "aws:backup/vault:Vault": ["name", "kmsKeyArn"],
  "aws:sns/topic:Topic": ["name", "fifoTopic"],
  "aws:sqs/queue:Queue": ["name", "fifoQueue"],
  "aws:iam/role:Role": ["name", "path"],
  "aws:lambda/function:Function": ["name", "packageType"],
  "aws:lb/loadBalancer:LoadBalancer": ["internal", "loadBalancerType", "name"],
  "aws:lb/targetGroup:TargetGroup": ["name", "port", "protocol", "targetType", "vpcId"],
  "aws:ecr/repository:Repository": ["name", "encryptionConfigurations"],
  "aws:ecs/cluster:Cluster": ["name"],
  "aws:eks/cluster:Cluster": ["name", "encryptionConfig", "roleArn"],
};

/** Inputs among the changed ones that make a resource anew. */
export function replacedBy(type: string, changed: readonly string[]): string[] {
  const forcing = replacing[type] ?? [];
  return changed.filter((property) => forcing.some((one) => one === property || property.startsWith(`${one}.`)));
}

/** True where a new value of this input makes the resource anew. */
export function isReplacing(type: string, property: string): boolean {
  return replacing[type]?.includes(property) ?? false;
}
