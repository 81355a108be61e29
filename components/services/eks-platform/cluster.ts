import * as aws from "@pulumi/aws";
import type * as eks from "@pulumi/eks";
import { Cluster } from "@pulumi/eks/cluster";
import { AuthenticationMode } from "@pulumi/eks/types/enums";
import type * as pulumi from "@pulumi/pulumi";
import { serviceRole } from "../../common/iam";
import type { EksPlatformArgs } from ".";

/** Everything that the control plane can log. */
export const controlPlaneLogs = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;

/** AWS-managed access policies of EKS by what people are. */
const accessPolicies = { administrators: "AmazonEKSClusterAdminPolicy", viewers: "AmazonEKSViewPolicy" } as const;

export interface ClusterContext {
  readonly parent: pulumi.Resource;
  readonly clusterName: string;
  readonly keyArn: pulumi.Input<string>;
  readonly dependsOn: readonly pulumi.Resource[];
}

/** Access entries by a name that a principal's ARN gives. */
export function accessEntries(args: Pick<EksPlatformArgs, "cloud" | "administrators" | "viewers">) {
  const entries: Record<string, eks.types.input.AccessEntryArgs> = {};
  for (const role of ["administrators", "viewers"] as const) {
    for (const principalArn of args[role] ?? []) {
      entries[`${role}-${principalArn.split(":").at(-1)?.replace(/\W+/g, "-") ?? ""}`] = {
        principalArn,
        accessPolicies: {
          [role]: {
            policyArn: `arn:${args.cloud.partition}:eks::aws:cluster-access-policy/${accessPolicies[role]}`,
            accessScope: { type: "cluster" },
          },
        },
      };
    }
  }
  return entries;
}

/** The control plane: no default nodes, groups or add-ons, as those stand beside it where policies and cost can see them. */
export function createCluster(name: string, args: EksPlatformArgs, context: ClusterContext): eks.Cluster {
  const { parent, clusterName } = context;
  const role = serviceRole(
    `${name}-cluster`,
    {
      services: ["eks.amazonaws.com"],
      description: `Control plane of ${clusterName}`,
      managedPolicyArns: [`arn:${args.cloud.partition}:iam::aws:policy/AmazonEKSClusterPolicy`],
      trustConditions: { StringEquals: { "aws:SourceAccount": args.cloud.accountId } },
    },
    { parent },
  );
  const openTo = args.publicAccessCidrs ?? [];
  return new Cluster(
    `${name}-cluster`,
    {
      name: clusterName,
      version: args.version,
      vpcId: args.vpcId,
      privateSubnetIds: args.appSubnets.map(({ id }) => id),
      endpointPrivateAccess: true,
      endpointPublicAccess: openTo.length > 0,
      ...(openTo.length > 0 ? { publicAccessCidrs: [...openTo] } : {}),
      serviceRole: role,
      authenticationMode: AuthenticationMode.Api,
      accessEntries: accessEntries(args),
      encryptionConfigKeyArn: context.keyArn,
      enabledClusterLogTypes: [...controlPlaneLogs],
      upgradePolicy: { supportType: args.extendedSupport ? "EXTENDED" : "STANDARD" },
      deletionProtection: args.deletionProtection ?? true,
      createOidcProvider: true,
      skipDefaultNodeGroup: true,
      skipDefaultSecurityGroups: true,
      createInstanceRole: false,
      nodeAssociatePublicIpAddress: false,
      bootstrapSelfManagedAddons: false,
      useDefaultVpcCni: true,
      corednsAddonOptions: { enabled: false },
      kubeProxyAddonOptions: { enabled: false },
      clusterTags: { Name: clusterName },
    },
    { parent, dependsOn: [...context.dependsOn] },
  );
}

/** Add-ons that nodes need to become ready, and those that need nodes to run on. */
export const addonsBeforeNodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"] as const;
export const addonsOnNodes = [
  "coredns",
  "aws-ebs-csi-driver",
  "metrics-server",
  "amazon-cloudwatch-observability",
] as const;

/** What the observability add-on logs: containers, the nodes' systems, Kubernetes' own parts on them, and their measurements. */
export const agentLogs = ["application", "host", "dataplane", "performance"] as const;

/** One add-on of EKS, with its role where it calls AWS. */
export function createAddon(
  name: string,
  addonName: string,
  clusterName: pulumi.Input<string>,
  identity: { readonly roleArn: pulumi.Input<string>; readonly serviceAccount: string } | undefined,
  configuration: object | undefined,
  opts: pulumi.CustomResourceOptions,
): aws.eks.Addon {
  return new aws.eks.Addon(
    `${name}-${addonName}`,
    {
      clusterName,
      addonName,
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "PRESERVE", // what people tuned in the cluster stays
      ...(identity ? { podIdentityAssociations: [identity] } : {}),
      ...(configuration ? { configurationValues: JSON.stringify(configuration) } : {}),
    },
    opts,
  );
}
