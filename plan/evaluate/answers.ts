/** What the planner answers in place of AWS: realistic outputs for each resource type, and the few data sources used. */
import type { Answers } from "./monitor";
import { shortHash } from "../../components/common/naming";
import { placeholder } from "../../components/common/placeholder";

/** The account that a plan shows wherever AWS would name one; AWS's own documentation uses this number. */
export const planAccountId = "123456789012";

type Inputs = Record<string, unknown>;
type OutputsOf = (at: {
  name: string;
  inputs: Inputs;
  id: string;
  region: string;
  arn: (service: string, resource: string) => string;
}) => Inputs;

/** EC2-style id: prefix and 17 hexadecimal digits, the same for the same name. */
const hexId = (prefix: string, name: string) => `${prefix}-${shortHash(name, 17)}`;

/** Prefixes of EC2-style ids by resource type. */
const idPrefixes: Readonly<Record<string, string>> = {
  "aws:ec2/vpc:Vpc": "vpc",
  "aws:ec2/subnet:Subnet": "subnet",
  "aws:ec2/securityGroup:SecurityGroup": "sg",
  "aws:ec2/internetGateway:InternetGateway": "igw",
  "aws:ec2/natGateway:NatGateway": "nat",
  "aws:ec2/eip:Eip": "eipalloc",
  "aws:ec2/routeTable:RouteTable": "rtb",
  "aws:ec2/networkAcl:NetworkAcl": "acl",
  "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce",
  "aws:ec2/instance:Instance": "i",
  "aws:ec2/launchTemplate:LaunchTemplate": "lt",
  "aws:ebs/volume:Volume": "vol",
  "aws:efs/fileSystem:FileSystem": "fs",
};

/**
 * Computed outputs by resource type, beyond the inputs. A type that is not listed gets its inputs, an `arn` and an id; list
 * one when a component reads more than that.
 */
const computed: Readonly<Record<string, OutputsOf>> = {
  "aws:ec2/vpc:Vpc": ({ name }) => ({
    defaultSecurityGroupId: hexId("sg", `${name}-default`),
    defaultNetworkAclId: hexId("acl", `${name}-default`),
    defaultRouteTableId: hexId("rtb", `${name}-default`),
  }),
  "aws:ec2/eip:Eip": ({ name, id }) => ({
    allocationId: id,
    publicIp: `203.0.113.${parseInt(shortHash(name, 2), 16)}`,
  }),
  "aws:ec2/instance:Instance": ({ name }) => ({
    privateIp: `10.0.0.${parseInt(shortHash(name, 2), 16)}`,
    privateDns: `ip-${shortHash(name, 8)}.ec2.internal`,
  }),
  "aws:ec2/launchTemplate:LaunchTemplate": () => ({ latestVersion: 1, defaultVersion: 1 }),
  "aws:ec2/vpcEndpoint:VpcEndpoint": ({ name }) => ({
    prefixListId: hexId("pl", name),
    dnsEntries: [{ dnsName: `${name}.vpce.amazonaws.com`, hostedZoneId: "Z7HUB22UULQXV" }],
  }),
  "aws:kms/key:Key": ({ name, arn }) => {
    const keyId = `${shortHash(name, 8)}-0000-4000-8000-${shortHash(name, 12)}`;
    return { keyId, arn: arn("kms", `key/${keyId}`) };
  },
  "aws:iam/role:Role": ({ name }) => ({
    arn: `arn:aws:iam::${planAccountId}:role/${name}`,
    uniqueId: `AROA${shortHash(name, 17).toUpperCase()}`,
  }),
  "aws:iam/policy:Policy": ({ name }) => ({ arn: `arn:aws:iam::${planAccountId}:policy/${name}` }),
  "aws:iam/instanceProfile:InstanceProfile": ({ name }) => ({
    arn: `arn:aws:iam::${planAccountId}:instance-profile/${name}`,
  }),
  "aws:s3/bucket:Bucket": ({ name, inputs, region }) => {
    const bucket = typeof inputs.bucket === "string" ? inputs.bucket : `${name}-${shortHash(name, 7)}`;
    return {
      bucket,
      arn: `arn:aws:s3:::${bucket}`,
      bucketDomainName: `${bucket}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
    };
  },
  "aws:cloudwatch/logGroup:LogGroup": ({ name, inputs, arn }) => ({
    arn: arn("logs", `log-group:${typeof inputs.name === "string" ? inputs.name : name}`),
  }),
  "aws:secretsmanager/secret:Secret": ({ name, inputs, arn }) => ({
    arn: arn("secretsmanager", `secret:${typeof inputs.name === "string" ? inputs.name : name}-${shortHash(name, 6)}`),
  }),
  "aws:rds/instance:Instance": ({ name, inputs, region }) => {
    const identifier = typeof inputs.identifier === "string" ? inputs.identifier : name;
    const port = typeof inputs.port === "number" ? inputs.port : 5432;
    const address = `${identifier}.c${shortHash(name, 11)}.${region}.rds.amazonaws.com`;
    return {
      identifier,
      address,
      port,
      endpoint: `${address}:${port}`,
      resourceId: `db-${shortHash(name, 26).toUpperCase()}`,
    };
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": ({ name, inputs, region }) => {
    const group = typeof inputs.replicationGroupId === "string" ? inputs.replicationGroupId : name;
    const host = (role: string) => `${role}.${group}.${shortHash(name, 6)}.${region}.cache.amazonaws.com`;
    return {
      configurationEndpointAddress: host("clustercfg"),
      primaryEndpointAddress: host("master"),
      readerEndpointAddress: host("replica"),
    };
  },
  "aws:lb/loadBalancer:LoadBalancer": ({ name, arn }) => ({
    dnsName: `${name}.elb.amazonaws.com`,
    zoneId: "Z35SXDOTRQ7X7K",
    arn: arn("elasticloadbalancing", `loadbalancer/app/${name}/${shortHash(name, 16)}`),
    arnSuffix: `app/${name}/${shortHash(name, 16)}`,
  }),
  "aws:acm/certificate:Certificate": ({ name, inputs, arn }) => ({
    arn: arn("acm", `certificate/${shortHash(name, 12)}`),
    domainValidationOptions: [
      {
        domainName: inputs.domainName,
        resourceRecordName: `_${shortHash(name, 32)}.${String(inputs.domainName)}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: `_${shortHash(name, 31)}.acm-validations.aws.`,
      },
    ],
  }),
  "aws:route53/zone:Zone": ({ name }) => {
    const zoneId = `Z${shortHash(name, 20).toUpperCase()}`;
    return { zoneId, arn: `arn:aws:route53:::hostedzone/${zoneId}` };
  },
  "aws:route53/record:Record": ({ inputs }) => ({ fqdn: inputs.name }),
  "aws:lb/listener:Listener": ({ name, arn }) => ({
    arn: arn("elasticloadbalancing", `listener/app/${name}/${shortHash(name, 16)}`),
  }),
  "aws:cloudfront/distribution:Distribution": ({ name }) => {
    const distribution = `E${shortHash(name, 13).toUpperCase()}`;
    return {
      arn: `arn:aws:cloudfront::${planAccountId}:distribution/${distribution}`,
      domainName: `${shortHash(name, 13)}.cloudfront.net`,
      hostedZoneId: "Z2FDTNDATAQYW2",
    };
  },
  "aws:ecr/repository:Repository": ({ name, inputs, region }) => {
    const repository = typeof inputs.name === "string" ? inputs.name : name;
    return {
      registryId: planAccountId,
      repositoryUrl: `${planAccountId}.dkr.ecr.${region}.amazonaws.com/${repository}`,
    };
  },
  "docker:index/image:Image": ({ inputs }) => ({
    repoDigest: `${String(inputs.imageName).replace(/:[^:/]*$/, "")}@sha256:${shortHash(String(inputs.imageName), 64)}`,
  }),
  "eks:index:Cluster": ({ name, inputs, arn, region }) => {
    const cluster = typeof inputs.name === "string" ? inputs.name : name;
    const group = hexId("sg", `${name}-cluster`);
    return {
      eksCluster: { name: cluster, arn: arn("eks", `cluster/${cluster}`), id: cluster },
      clusterSecurityGroupId: group,
      nodeSecurityGroupId: group,
      oidcProviderArn: `arn:aws:iam::${planAccountId}:oidc-provider/oidc.eks.${region}.amazonaws.com/id/${shortHash(name, 32).toUpperCase()}`,
      kubeconfigJson: JSON.stringify({ kind: "Config", "current-context": cluster }),
    };
  },
  "awsx:ecs:FargateService": ({ name, arn }) => ({ service: { name, arn: arn("ecs", `service/${name}`), id: name } }),
  "aws:lb/targetGroup:TargetGroup": ({ name, arn }) => ({
    arn: arn("elasticloadbalancing", `targetgroup/${name}/${shortHash(name, 16)}`),
    arnSuffix: `targetgroup/${name}/${shortHash(name, 16)}`,
  }),
};

/** Types whose id is the physical name that an input gives, by that input. */
const idFromInput: Readonly<Record<string, string>> = {
  "aws:s3/bucket:Bucket": "bucket",
  "aws:iam/role:Role": "name",
  "aws:cloudwatch/logGroup:LogGroup": "name",
  "aws:ssm/parameter:Parameter": "name",
};

/** Zones of the Regions that plans are made for; an unlisted Region gets a to c. */
const zoneLetters: Readonly<Record<string, string>> = {
  "us-east-1": "abcdf",
  "us-west-2": "abcd",
  "us-east-2": "abc",
  "eu-west-1": "abc",
};

/** Opted-in zones as AWS lists them when nothing filters them: Local Zones too, and they sort first. */
export function zonesOf(region: string): { name: string; id: string }[] {
  return Array.from(zoneLetters[region] ?? "abc").map((letter, index) => ({
    name: `${region}${letter}`,
    id: `${region.replace(/^(\w\w)-(\w)\w*-(\d)$/, "$1$2$3")}-az${index + 1}`,
  }));
}

/** A plan reads no parameter: every pointer names an image, and takes it for proven. */
function parameterValue(name: string): string {
  const pointer = name.replace(/\/proof$/, "");
  const ami = `ami-${shortHash(pointer, 17)}`;
  if (pointer === name) return ami;
  return JSON.stringify({
    ami,
    ranIn: "qa",
    by: `arn:aws:iam::${planAccountId}:user/plan`,
    at: "2026-01-01T00:00:00Z",
  });
}

/** Data sources by token. A token that is not listed is an error: an invented answer would make a plan lie. */
const dataSources: Readonly<Record<string, (inputs: Inputs, region: string) => Inputs>> = {
  "aws:index/getCallerIdentity:getCallerIdentity": () => ({
    accountId: planAccountId,
    arn: `arn:aws:iam::${planAccountId}:user/plan`,
    userId: "AIDAPLAN",
    id: planAccountId,
  }),
  "aws:index/getPartition:getPartition": () => ({
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
    id: "aws",
  }),
  "aws:index/getAvailabilityZones:getAvailabilityZones": (_inputs, region) => {
    const zones = zonesOf(region);
    return {
      names: zones.map(({ name }) => name),
      zoneIds: zones.map(({ id }) => id),
      groupNames: [region],
      id: region,
    };
  },
  "aws:ec2/getAvailabilityZone:getAvailabilityZone": (inputs, region) => ({
    name: inputs.name,
    region,
    state: "available",
    id: inputs.name,
  }),
  "aws:ecr/getAuthorizationToken:getAuthorizationToken": (inputs, region) => ({
    userName: "AWS",
    password: "plan",
    authorizationToken: "plan",
    expiresAt: "2030-01-01T00:00:00Z",
    proxyEndpoint: `https://${planAccountId}.dkr.ecr.${region}.amazonaws.com`,
    registryId: inputs.registryId ?? planAccountId,
    id: region,
  }),
  "aws:ssm/getParameter:getParameter": (inputs) => ({
    name: inputs.name,
    value: parameterValue(String(inputs.name)),
    type: "String",
    version: 1,
    arn: `arn:aws:ssm:us-east-1:${planAccountId}:parameter${String(inputs.name)}`,
    id: inputs.name,
  }),
  // The same for every run, and nobody's password.
  "aws:secretsmanager/getRandomPassword:getRandomPassword": (inputs, region) => ({
    randomPassword: shortHash(`${region}-planned-password`, Math.min(Number(inputs.passwordLength ?? 32), 64)),
    id: "",
  }),
  "aws:ec2/getManagedPrefixList:getManagedPrefixList": (inputs, region) => ({
    id: hexId("pl", `${region}${String(inputs.name)}`),
    name: inputs.name,
  }),
  // A plan knows no earlier deployment; `components/common/previous-deployment.ts` reads this.
  "pulumi:pulumi:readStackOutputs": (inputs) => ({ name: inputs.name, outputs: {} }),
};

const clearText = (value: unknown): string => {
  const text = value !== null && typeof value === "object" && "value" in value ? value.value : value;
  return typeof text === "string" ? text : "";
};

/** The planner's answers for a Region. */
export function planAnswers(region: string): Answers {
  // Present values of the run's own secrets. A plan reads no real one: it takes every placeholder for filled.
  const secretValues = new Map<unknown, string>();
  return {
    newResource({ type, name, inputs, id: existing }) {
      const given = inputs as Inputs;
      const at = typeof given.region === "string" ? given.region : region;
      const arn = (service: string, resource: string) => `arn:aws:${service}:${at}:${planAccountId}:${resource}`;
      const prefix = idPrefixes[type];
      const named = idFromInput[type] ? given[idFromInput[type]] : undefined;
      const extra =
        computed[type]?.({ name, inputs: given, id: prefix ? hexId(prefix, name) : name, region: at, arn }) ?? {};
      const physical = typeof named === "string" ? named : typeof extra.bucket === "string" ? extra.bucket : undefined;
      const id =
        existing ||
        (prefix ? hexId(prefix, name) : (physical ?? (typeof extra.keyId === "string" ? extra.keyId : `${name}-id`)));
      if (type === "aws:secretsmanager/secretVersion:SecretVersion") {
        secretValues.set(given.secretId, clearText(given.secretString).replaceAll(placeholder, "planned"));
      }
      const service = type.split(":")[1]?.split("/")[0] ?? "aws";
      return { id, state: { name, arn: arn(service, name), ...given, ...extra } };
    },
    call({ token, inputs }) {
      const { secretId } = inputs as Inputs;
      const secret = secretValues.get(secretId);
      if (token === "aws:secretsmanager/getSecretVersion:getSecretVersion" && secret !== undefined) {
        return { secretId, secretString: secret, versionId: "planned", id: "planned" };
      }
      const answer = dataSources[token];
      if (!answer) throw new Error(`No answer for the data source ${token}: add one to plan/evaluate/answers.ts`);
      return answer(inputs as Inputs, region);
    },
  };
}
