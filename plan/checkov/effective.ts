/** What AWS makes of a resource, where its inputs alone do not say it: remote components, and launch templates. */
import type { PlannedResource } from "../json";

type Values = Record<string, unknown>;
type Resources = ReadonlyMap<string, PlannedResource>;

/** `eks.Cluster` makes one `aws.eks.Cluster` with its log types, its key and its endpoint. */
function cluster(inputs: Values): Values {
  const key = inputs.encryptionConfigKeyArn;
  return {
    name: inputs.name,
    version: inputs.version,
    enabledClusterLogTypes: inputs.enabledClusterLogTypes,
    deletionProtection: inputs.deletionProtection,
    vpcConfig: {
      endpointPrivateAccess: inputs.endpointPrivateAccess,
      endpointPublicAccess: inputs.endpointPublicAccess,
      publicAccessCidrs: inputs.publicAccessCidrs,
      subnetIds: inputs.privateSubnetIds,
    },
    ...(key === undefined ? {} : { encryptionConfig: { provider: { keyArn: key }, resources: ["secrets"] } }),
  };
}

/** An instance has what its launch template says, but for what it says itself. */
function instance({ inputs, propertyDependencies }: PlannedResource, resources: Resources): Values {
  const template = (propertyDependencies.launchTemplate ?? []).map((urn) => resources.get(urn)).find(Boolean)?.inputs;
  if (!template) return inputs;
  const { metadataOptions, monitoring, ebsOptimized, iamInstanceProfile, blockDeviceMappings } = template as {
    metadataOptions?: unknown;
    monitoring?: { enabled?: boolean };
    ebsOptimized?: unknown;
    iamInstanceProfile?: { name?: string; arn?: string };
    blockDeviceMappings?: readonly { ebs?: Values }[];
  };
  const root = blockDeviceMappings?.[0]?.ebs;
  return {
    ...(metadataOptions === undefined ? {} : { metadataOptions }),
    ...(monitoring ? { monitoring: monitoring.enabled } : {}),
    ...(ebsOptimized === undefined ? {} : { ebsOptimized }),
    ...(iamInstanceProfile ? { iamInstanceProfile: iamInstanceProfile.name ?? iamInstanceProfile.arn } : {}),
    ...(root ? { rootBlockDevice: root } : {}),
    ...inputs,
  };
}

/** A resource's inputs, with what it gets from elsewhere. */
export function effectiveInputs(resource: PlannedResource, resources: Resources): Values {
  if (resource.type === "eks:index:Cluster") return cluster(resource.inputs);
  if (resource.type === "awsx:ecs:FargateService") return { ...resource.inputs, launchType: "FARGATE" };
  if (resource.type === "aws:ec2/instance:Instance") return instance(resource, resources);
  return resource.inputs;
}
