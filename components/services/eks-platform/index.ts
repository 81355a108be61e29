import * as aws from "@pulumi/aws";
import type * as eks from "@pulumi/eks";
import * as pulumi from "@pulumi/pulumi";
import { serviceRole, type Cloud, type Statement } from "../../common/iam";
import { throwIfAny, type Issue } from "../../common/validation";
import { EncryptionKey } from "../../security/encryption-key";
import { isRegionZone, networkIssues } from "../checks";
import type { SubnetRef } from "../load-balancer";
import { clusterAlarms } from "./alarms";
import { createBackup } from "./backup";
import { addonsBeforeNodes, addonsOnNodes, agentLogs, createAddon, createCluster } from "./cluster";
import { clusterManifests, type MarketHours } from "./kubernetes";
import { createNodeGroup, nodeGroupIssues, type NodeGroupSettings } from "./node-groups";
import { autoscalerStatements, podRole, volumeKeyStatements } from "./roles";
import { versionIssues } from "./versions";

/** A workload that calls AWS, by its service account. */
export interface WorkloadIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly statements: readonly pulumi.Input<Statement>[];
}

export interface EksPlatformArgs {
  readonly cloud: Cloud;
  readonly vpcId: pulumi.Input<string>;
  readonly appSubnets: readonly SubnetRef[];
  /** Security group that databases and caches know the nodes by, see `WorkloadSecurityGroup`. */
  readonly nodeSecurityGroupId: pulumi.Input<string>;
  /** Physical name, where something outside names the cluster. @default `<project>-<stack>-<name>` */
  readonly clusterName?: string;
  /** Kubernetes' minor version, such as `1.35`. */
  readonly version: string;
  /** Stay past standard support at six times the price. @default false, AWS upgrades by itself then */
  readonly extendedSupport?: boolean;
  /** Networks outside that may reach the API. @default [] the API is private */
  readonly publicAccessCidrs?: readonly string[];
  readonly nodeGroups: Readonly<Record<string, NodeGroupSettings>>;
  /** Roles and users that may do everything, by ARN. @default [] only who deploys */
  readonly administrators?: readonly string[];
  /** Roles and users that may look. @default [] */
  readonly viewers?: readonly string[];
  /** Workloads that call AWS. @default {} */
  readonly workloads?: Readonly<Record<string, WorkloadIdentity>>;
  /** Namespace of what must not be disrupted while the exchange is open. @default "trading" */
  readonly tradingNamespace?: string;
  /** @default 09:30 to 16:00 in New York */
  readonly marketHours?: MarketHours;
  /** Backups of the cluster's objects and volumes. @default daily at 05:00 UTC, kept 30 days */
  readonly backup?: { readonly schedule: string; readonly retentionDays: number } | false;
  /** @default 90 */
  readonly logRetentionDays?: number;
  /** @default true */
  readonly deletionProtection?: boolean;
  /** Tags of the nodes and their volumes, which no provider default reaches. */
  readonly tags: Readonly<Record<string, string>>;
  readonly alarmTopicArn?: pulumi.Input<string>;
  /** The day that support is judged on. @default today */
  readonly today?: Date;
}

const timePattern = /^([01]\d|2[0-3]):[0-5]\d$/;

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** All mistakes of a cluster's arguments. */
export function validateEksPlatform(
  args: Pick<
    EksPlatformArgs,
    | "appSubnets"
    | "clusterName"
    | "version"
    | "extendedSupport"
    | "publicAccessCidrs"
    | "nodeGroups"
    | "administrators"
    | "viewers"
    | "marketHours"
    | "today"
  >,
): Issue[] {
  const issues = [
    ...networkIssues(args.appSubnets, "appSubnets"),
    ...versionIssues(args.version, args.extendedSupport ?? false, args.today ?? new Date()),
    ...nodeGroupIssues(args.nodeGroups),
  ];
  const zones = new Set(args.appSubnets.map(({ zone }) => zone).filter(isRegionZone));
  if (args.appSubnets.length > 0 && zones.size < 2)
    issues.push({
      path: "appSubnets",
      problem: "lie in fewer than two zones, and a control plane needs two",
      value: [...zones],
      fix: "Give the network at least two zones.",
    });
  if (args.clusterName !== undefined && !/^[0-9A-Za-z][\w-]{0,99}$/.test(args.clusterName))
    issues.push({
      path: "clusterName",
      problem: "cannot name a cluster",
      value: args.clusterName,
      allowed: "1 to 100 letters, digits, dashes and underscores, a letter or digit first",
    });
  if (args.publicAccessCidrs?.includes("0.0.0.0/0"))
    issues.push({
      path: "publicAccessCidrs",
      problem: "opens the API of the cluster to everybody",
      value: args.publicAccessCidrs,
      fix: "Name the networks of those who work on it, or leave it out for a private API.",
    });
  for (const list of ["administrators", "viewers"] as const) {
    for (const arn of (args[list] ?? []).filter((one) => !/^arn:[\w-]+:iam::\d{12}:(role|user)\/.+/.test(one)))
      issues.push({
        path: list,
        problem: "is not the ARN of a role or user",
        value: arn,
        allowed: "arn:aws:iam::123456789012:role/Name",
      });
  }
  const { marketHours } = args;
  if (marketHours) {
    for (const end of ["open", "close"] as const) {
      if (!timePattern.test(marketHours[end]))
        issues.push({
          path: `marketHours.${end}`,
          problem: "is not a time of day",
          value: marketHours[end],
          allowed: "HH:MM from 00:00 to 23:59",
        });
    }
    if (!isTimeZone(marketHours.timeZone))
      issues.push({
        path: "marketHours.timeZone",
        problem: "is not a time zone",
        value: marketHours.timeZone,
        allowed: "a name of the IANA database, such as America/New_York",
      });
  }
  return issues;
}

/**
 * A Kubernetes cluster for trading and machine-learning work.
 *
 * Makes: keys for secrets and for volumes and logs, log groups of the control plane, pods and nodes, `eks.Cluster` (private API, encrypted secrets,
 * every log, access entries), managed node groups with launch templates of their own, add-ons (VPC CNI, kube-proxy, CoreDNS, Pod
 * Identity, EBS CSI, metrics server, CloudWatch observability), a Pod Identity role for each workload, the autoscaler's and the
 * add-ons', alarms, a daily backup, and as outputs the kubeconfig and the objects that `kubectl apply` puts into the cluster:
 * autoscaler, encrypted storage class, and the disruption budget that closes in market hours.
 * Errors: see `validateEksPlatform`.
 * Cost: 73 USD a month for the control plane in standard support, 438 in extended support, and the nodes.
 */
export class EksPlatform extends pulumi.ComponentResource {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly kubeconfig: pulumi.Output<string>;
  /** Objects for the cluster, as JSON for `kubectl apply -f -`. */
  readonly manifests: pulumi.Output<string>;
  readonly clusterSecurityGroupId: pulumi.Output<string>;
  /** Log group of what the containers write. */
  readonly applicationLogGroupName: pulumi.Output<string>;
  readonly workloadRoleArns: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: EksPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:services:EksPlatform", name, {}, opts);
    throwIfAny(`EksPlatform ${name}`, validateEksPlatform(args));
    this.clusterName = args.clusterName ?? `${pulumi.getProject()}-${pulumi.getStack()}-${name}`;
    this.clusterArn = `arn:${args.cloud.partition}:eks:${args.cloud.region}:${args.cloud.accountId}:cluster/${this.clusterName}`;
    const keys = this.createKeys(name, args);
    const logs = this.createLog(name, args, keys.nodes);
    const cluster = createCluster(name, args, {
      parent: this,
      clusterName: this.clusterName,
      keyArn: keys.secrets.arn,
      dependsOn: [logs],
    });
    const nodeGroups = this.createNodes(name, args, cluster, keys.nodes);
    const agentLogs = this.createAgentLogs(name, args, keys.nodes);
    this.createAddonsOnNodes(name, args, cluster, keys.nodes, [...nodeGroups, ...Object.values(agentLogs)]);
    this.applicationLogGroupName = agentLogs.application.name;
    this.workloadRoleArns = this.createWorkloads(name, args, cluster);
    clusterAlarms(name, this.clusterName, args, this);
    if (args.backup !== false) createBackup(name, this.clusterArn, args, this, cluster);
    this.clusterSecurityGroupId = cluster.clusterSecurityGroupId;
    this.kubeconfig = cluster.kubeconfigJson;
    this.manifests = this.createManifests(args, keys.nodes);
    this.registerOutputs({
      clusterName: this.clusterName,
      clusterArn: this.clusterArn,
      kubeconfig: this.kubeconfig,
      clusterSecurityGroupId: this.clusterSecurityGroupId,
      applicationLogGroupName: this.applicationLogGroupName,
    });
  }

  private createKeys(name: string, args: EksPlatformArgs) {
    const { cloud } = args;
    return {
      secrets: new EncryptionKey(
        `${name}-secrets`,
        { cloud, description: `Kubernetes secrets of ${this.clusterName}` },
        { parent: this },
      ),
      nodes: new EncryptionKey(
        `${name}-nodes`,
        { cloud, description: `Volumes and logs of ${this.clusterName}`, usedBy: ["logs", "autoscaling"] },
        { parent: this },
      ),
    };
  }

  /** Made before the cluster, or EKS would make it without key and retention. */
  private createLog(name: string, args: EksPlatformArgs, key: EncryptionKey): aws.cloudwatch.LogGroup {
    return new aws.cloudwatch.LogGroup(
      `${name}-log`,
      {
        name: `/aws/eks/${this.clusterName}/cluster`,
        kmsKeyId: key.arn,
        retentionInDays: args.logRetentionDays ?? 90,
      },
      { parent: this },
    );
  }

  /** Groups that the observability add-on writes to: it would make them without key and retention, unseen by the archive. */
  private createAgentLogs(name: string, args: EksPlatformArgs, key: EncryptionKey) {
    const group = (kind: (typeof agentLogs)[number]) =>
      new aws.cloudwatch.LogGroup(
        `${name}-log-${kind}`,
        {
          name: `/aws/containerinsights/${this.clusterName}/${kind}`,
          kmsKeyId: key.arn,
          retentionInDays: args.logRetentionDays ?? 90,
        },
        { parent: this },
      );
    return Object.fromEntries(agentLogs.map((kind) => [kind, group(kind)])) as Record<
      (typeof agentLogs)[number],
      aws.cloudwatch.LogGroup
    >;
  }

  private createNodes(name: string, args: EksPlatformArgs, cluster: eks.Cluster, key: EncryptionKey) {
    const policy = (managed: string) => `arn:${args.cloud.partition}:iam::aws:policy/${managed}`;
    const role = serviceRole(
      `${name}-node`,
      {
        services: ["ec2.amazonaws.com"],
        description: `Nodes of ${this.clusterName}`,
        managedPolicyArns: [
          "AmazonEKSWorkerNodePolicy",
          "AmazonEC2ContainerRegistryPullOnly",
          "AmazonSSMManagedInstanceCore",
        ].map(policy),
      },
      { parent: this },
    );
    const clusterName = cluster.eksCluster.apply((it) => it.name);
    const network = this.podRoleOf(name, "network", args, {
      serviceAccount: "aws-node",
      managedPolicies: ["AmazonEKS_CNI_Policy"],
      description: "Gives pods their addresses",
    });
    const addons = addonsBeforeNodes.map((addon) =>
      createAddon(
        name,
        addon,
        clusterName,
        addon === "vpc-cni" ? { roleArn: network.arn, serviceAccount: "aws-node" } : undefined,
        // Network policies are enforced, and prefixes give small nodes enough addresses.
        addon === "vpc-cni" ? { enableNetworkPolicy: "true", env: { ENABLE_PREFIX_DELEGATION: "true" } } : undefined,
        { parent: this },
      ),
    );
    return Object.entries(args.nodeGroups).map(([key_, settings]) =>
      createNodeGroup(key_, settings, {
        name,
        parent: this,
        clusterName,
        version: args.version,
        nodeRoleArn: role.arn,
        keyArn: key.arn,
        subnets: args.appSubnets,
        securityGroupIds: [cluster.clusterSecurityGroupId, args.nodeSecurityGroupId],
        tags: args.tags,
        dependsOn: addons,
      }),
    );
  }

  private createAddonsOnNodes(
    name: string,
    args: EksPlatformArgs,
    cluster: eks.Cluster,
    key: EncryptionKey,
    before: readonly pulumi.Resource[],
  ): void {
    const volumes = this.podRoleOf(name, "volumes", args, {
      serviceAccount: "ebs-csi-controller-sa",
      managedPolicies: ["service-role/AmazonEBSCSIDriverPolicy"],
      statements: volumeKeyStatements(key.arn),
      description: "Makes encrypted volumes for pods",
    });
    const metrics = this.podRoleOf(name, "metrics", args, {
      namespace: "amazon-cloudwatch",
      serviceAccount: "cloudwatch-agent",
      managedPolicies: ["CloudWatchAgentServerPolicy"],
      description: "Sends the cluster's metrics and logs to CloudWatch",
    });
    const identities: Partial<Record<string, { roleArn: pulumi.Output<string>; serviceAccount: string }>> = {
      "aws-ebs-csi-driver": { roleArn: volumes.arn, serviceAccount: "ebs-csi-controller-sa" },
      "amazon-cloudwatch-observability": { roleArn: metrics.arn, serviceAccount: "cloudwatch-agent" },
    };
    const clusterName = cluster.eksCluster.apply((it) => it.name);
    for (const addon of addonsOnNodes) {
      createAddon(name, addon, clusterName, identities[addon], undefined, { parent: this, dependsOn: [...before] });
    }
  }

  private podRoleOf(
    name: string,
    role: string,
    args: EksPlatformArgs,
    pod: Omit<Parameters<typeof podRole>[1], "cloud" | "clusterName" | "namespace"> & { readonly namespace?: string },
  ): aws.iam.Role {
    return podRole(
      `${name}-${role}`,
      { cloud: args.cloud, clusterName: this.clusterName, namespace: "kube-system", ...pod },
      { parent: this },
    );
  }

  private createWorkloads(name: string, args: EksPlatformArgs, cluster: eks.Cluster) {
    const workloads: Record<string, WorkloadIdentity> = {
      autoscaler: {
        namespace: "kube-system",
        serviceAccount: "cluster-autoscaler",
        statements: autoscalerStatements(args.cloud, this.clusterName),
      },
      ...args.workloads,
    };
    const arns: Record<string, pulumi.Output<string>> = {};
    for (const [key, workload] of Object.entries(workloads)) {
      const role = this.podRoleOf(name, `pod-${key}`, args, { ...workload, description: `Pods of ${key}` });
      new aws.eks.PodIdentityAssociation(
        `${name}-pod-${key}`,
        {
          clusterName: cluster.eksCluster.apply((it) => it.name),
          namespace: workload.namespace,
          serviceAccount: workload.serviceAccount,
          roleArn: role.arn,
        },
        { parent: this },
      );
      arns[key] = role.arn;
    }
    return arns;
  }

  private createManifests(args: EksPlatformArgs, key: EncryptionKey): pulumi.Output<string> {
    return key.arn.apply((volumeKeyArn) =>
      JSON.stringify(
        clusterManifests({
          clusterName: this.clusterName,
          region: args.cloud.region,
          kubernetesVersion: args.version,
          volumeKeyArn,
          namespace: args.tradingNamespace ?? "trading",
          marketHours: args.marketHours ?? { timeZone: "America/New_York", open: "09:30", close: "16:00" },
          autoscalerImage: `registry.k8s.io/autoscaling/cluster-autoscaler:v${args.version}.0`,
          kubectlImage: `registry.k8s.io/kubectl:v${args.version}.0`,
        }),
      ),
    );
  }
}
