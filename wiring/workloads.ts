import * as pulumi from "@pulumi/pulumi";
import { accessStatements, type ServiceSettings } from "../components/services/fargate-services";
import { WorkloadSecurityGroup, type WorkloadEgress } from "../components/services/workload-security-group";
import type { Platform } from "./platform";

/** What services are told of the stack's data: secrets and buckets by key, and the keys that encrypt them. */
export function dataAccess({ data }: Platform) {
  const buckets = Object.entries(data?.buckets?.buckets ?? {});
  const secretArns: Record<string, pulumi.Output<string>> = { ...data?.secrets?.arns };
  const database = data?.postgres ?? data?.timescale;
  if (database) secretArns.database = database.masterSecretArn;
  if (data?.redis) secretArns.redis = data.redis.authSecretArn;
  const keyArns = [
    data?.secrets?.kmsKeyArn,
    database?.kmsKeyArn,
    data?.redis?.kmsKeyArn,
    ...buckets.map(([, bucket]) => bucket.kmsKeyArn),
  ].filter((arn) => arn !== undefined);
  return {
    secretArns,
    bucketArns: Object.fromEntries(buckets.map(([kind, bucket]) => [kind, bucket.arn])),
    dataKeyArns: [...new Set(keyArns)],
  };
}

/** The security group of a kind of workload, let into every store of the stack. */
export function workloadGroup(platform: Platform, key: string, description: string, egress: WorkloadEgress) {
  const { network, data, marketDataReaders } = platform;
  if (!network) throw new pulumi.RunError(`${key} needs the network`);
  const group = new WorkloadSecurityGroup(key, {
    vpcId: network.vpcId,
    vpcCidr: network.vpcCidr,
    description,
    egress,
  });
  data?.allowClient(key, group.id);
  marketDataReaders[key] = group.id;
  return group;
}

/** Statements on what an application uses of the stack's data. */
export function accessOf(platform: Platform, access: ServiceSettings["access"], logGroupName = "") {
  return accessStatements({ access, logGroupName }, { cloud: platform.cloud, ...dataAccess(platform) });
}
