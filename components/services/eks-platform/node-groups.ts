import * as aws from "@pulumi/aws";
import { imdsV2, launchTags, privateInterface, rootVolume } from "../../common/launch-template";
import * as pulumi from "@pulumi/pulumi";
import type { Issue } from "../../common/validation";
import type { SubnetRef } from "../load-balancer";

/** A taint of a node group: pods without the matching toleration stay away. */
export interface NodeTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: "NO_SCHEDULE" | "NO_EXECUTE" | "PREFER_NO_SCHEDULE";
}

/** One managed node group, for one kind of work. */
export interface NodeGroupSettings {
  /** One type for on-demand nodes; several of one size for spot, so that one pool running dry does not end the work. */
  readonly instanceTypes: readonly string[];
  readonly capacity: "on-demand" | "spot";
  readonly nodes: { readonly min: number; readonly desired: number; readonly max: number };
  /** Labels beside `trading/workload`, which is the group's key. @default {} */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default [] */
  readonly taints?: readonly NodeTaint[];
  /** Size of the root volume. @default 50 */
  readonly diskGiB?: number;
  /** Nodes with NVIDIA GPUs and their drivers. @default false */
  readonly gpu?: boolean;
}

/** Families with Arm processors: the letters, the generation, and a `g` among what follows. */
const armType = /^(a1|[a-z]+\d+[a-z]*g[a-z]*)\./;
/** Families with NVIDIA GPUs. */
const gpuType = /^(p\d|g\d)/;

/** True for a Graviton type; `g5g` is one too, `g5` is not. */
export function isArm(instanceType: string): boolean {
  return armType.test(instanceType);
}

/** AMI of a node group: Amazon Linux 2023 for its processors. */
export function amiTypeOf(settings: Pick<NodeGroupSettings, "instanceTypes" | "gpu">): string {
  const arm = settings.instanceTypes.some(isArm);
  if (settings.gpu) return arm ? "AL2023_ARM_64_NVIDIA" : "AL2023_x86_64_NVIDIA";
  return arm ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD";
}

/** All mistakes of the node groups. */
export function nodeGroupIssues(groups: Readonly<Record<string, NodeGroupSettings>>): Issue[] {
  const issues: Issue[] = [];
  if (Object.keys(groups).length === 0)
    issues.push({ path: "nodeGroups", problem: "is empty, and add-ons need a node to run on" });
  for (const [key, group] of Object.entries(groups)) {
    const at = `nodeGroups.${key}`;
    const { min, desired, max } = group.nodes;
    if (!/^[a-z][a-z0-9-]{0,29}$/.test(key))
      issues.push({
        path: at,
        problem: "is no name of a node group",
        allowed: "1 to 30 lower-case letters, digits and dashes, a letter first",
      });
    if (![min, desired, max].every(Number.isInteger) || min < 0 || min > desired || desired > max || max < 1)
      issues.push({
        path: `${at}.nodes`,
        problem: "are not in order",
        value: group.nodes,
        allowed: "whole numbers with 0 <= min <= desired <= max",
      });
    if (group.instanceTypes.length === 0)
      issues.push({ path: `${at}.instanceTypes`, problem: "is empty", allowed: "one or more instance types" });
    if (group.capacity === "spot" && group.instanceTypes.length < 2)
      issues.push({
        path: `${at}.instanceTypes`,
        problem: "names one type only, and one pool of spot capacity runs dry as a whole",
        value: group.instanceTypes,
        allowed: "two or more types of one size",
      });
    if (new Set(group.instanceTypes.map(isArm)).size > 1)
      issues.push({
        path: `${at}.instanceTypes`,
        problem: "mixes Arm and x86 processors, which one AMI cannot boot",
        value: group.instanceTypes,
        fix: "Make two groups of it.",
      });
    const wrong = group.instanceTypes.filter((type) => gpuType.test(type) !== (group.gpu ?? false));
    if (wrong.length > 0)
      issues.push({
        path: `${at}.gpu`,
        problem: group.gpu
          ? "is set on types without a GPU"
          : "is not set on types with a GPU, which would lack drivers",
        value: wrong,
      });
    if (group.gpu && !(group.taints ?? []).length)
      issues.push({
        path: `${at}.taints`,
        problem: "is empty, so any pod may fill the GPU nodes",
        fix: "Add a taint such as nvidia.com/gpu=true:NO_SCHEDULE.",
      });
  }
  if (Object.keys(groups).length > 0 && Object.values(groups).every(({ taints }) => (taints ?? []).length > 0))
    issues.push({
      path: "nodeGroups",
      problem: "are all tainted, so CoreDNS and the other add-ons would never start",
      fix: "Leave one group without taints.",
    });
  return issues;
}

/** What all node groups share. */
export interface NodeGroupContext {
  readonly name: string;
  readonly parent: pulumi.Resource;
  readonly clusterName: pulumi.Input<string>;
  readonly version: string;
  readonly nodeRoleArn: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly subnets: readonly SubnetRef[];
  /** The cluster's own group, which opens the control plane, and the nodes' group, which databases know. */
  readonly securityGroupIds: readonly pulumi.Input<string>[];
  readonly tags: Readonly<Record<string, string>>;
  readonly dependsOn: readonly pulumi.Resource[];
}

/**
 * A managed node group with a launch template of its own, as only a template encrypts volumes with a customer key, asks for
 * IMDSv2 and forbids public addresses.
 */
export function createNodeGroup(
  key: string,
  settings: NodeGroupSettings,
  context: NodeGroupContext,
): aws.eks.NodeGroup {
  const { name, parent } = context;
  const tags = { ...context.tags, Name: `${name}-${key}` };
  const template = new aws.ec2.LaunchTemplate(
    `${name}-${key}`,
    {
      updateDefaultVersion: true,
      ebsOptimized: "true",
      monitoring: { enabled: true },
      // One hop: a pod gets its credentials from Pod Identity and cannot take the node's.
      metadataOptions: imdsV2,
      networkInterfaces: privateInterface({ securityGroupIds: [...context.securityGroupIds] }),
      blockDeviceMappings: rootVolume({ sizeGiB: settings.diskGiB ?? 50, kmsKeyArn: context.keyArn }),
      tagSpecifications: launchTags(tags),
      tags: { Name: `${name}-${key}` },
    },
    { parent },
  );
  return new aws.eks.NodeGroup(
    `${name}-${key}`,
    {
      clusterName: context.clusterName,
      version: context.version,
      nodeRoleArn: context.nodeRoleArn,
      subnetIds: context.subnets.map(({ id }) => id),
      amiType: amiTypeOf(settings),
      capacityType: settings.capacity === "spot" ? "SPOT" : "ON_DEMAND",
      instanceTypes: [...settings.instanceTypes],
      scalingConfig: {
        minSize: settings.nodes.min,
        desiredSize: settings.nodes.desired,
        maxSize: settings.nodes.max,
      },
      launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
      labels: { "trading/workload": key, ...settings.labels },
      taints: (settings.taints ?? []).map(({ key: taint, value, effect }) => ({ key: taint, value, effect })),
      // A third at a time, and never against a disruption budget: an upgrade in market hours waits.
      updateConfig: { maxUnavailablePercentage: 33 },
      forceUpdateVersion: false,
      nodeRepairConfig: { enabled: true },
      tags: { Name: `${name}-${key}` },
    },
    // The autoscaler moves the size.
    { parent, dependsOn: [...context.dependsOn], ignoreChanges: ["scalingConfig.desiredSize"] },
  );
}
