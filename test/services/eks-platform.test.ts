import assert from "node:assert/strict";
import { ValidationError } from "../../components/common/validation";
import { EksPlatform, type EksPlatformArgs } from "../../components/services/eks-platform";
import type { KubernetesObject } from "../../components/services/eks-platform/kubernetes";
import { amiTypeOf, isArm } from "../../components/services/eks-platform/node-groups";
import { podTrust } from "../../components/services/eks-platform/roles";
import { kubernetesVersions, newestKubernetes, versionIssues } from "../../components/services/eks-platform/versions";
import { register, testCloud } from "../support/program";

const today = new Date("2026-11-21T12:00:00Z");
const appSubnets = ["a", "b", "c"].map((letter) => ({
  id: `app-${letter}`,
  zone: `us-east-1${letter}`,
  cidr: "10.0.11.0/24",
}));
const general = {
  instanceTypes: ["m7i.large"],
  capacity: "on-demand",
  nodes: { min: 2, desired: 3, max: 6 },
} as const;
const gpu = {
  instanceTypes: ["g5.xlarge"],
  capacity: "on-demand",
  gpu: true,
  nodes: { min: 0, desired: 0, max: 4 },
  taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NO_SCHEDULE" }],
} as const;
const batch = {
  instanceTypes: ["m7i.xlarge", "m6i.xlarge", "m7a.xlarge"],
  capacity: "spot",
  nodes: { min: 0, desired: 0, max: 20 },
  taints: [{ key: "trading/batch", value: "true", effect: "NO_SCHEDULE" }],
} as const;
const args: EksPlatformArgs = {
  cloud: testCloud,
  vpcId: "vpc-1",
  appSubnets,
  nodeSecurityGroupId: "sg-nodes",
  version: newestKubernetes,
  nodeGroups: { general, gpu, batch },
  administrators: ["arn:aws:iam::123456789012:role/Platform"],
  viewers: ["arn:aws:iam::123456789012:role/Traders"],
  workloads: {
    research: {
      namespace: "research",
      serviceAccount: "notebook",
      statements: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::models/*" }],
    },
  },
  tags: { stage: "prod" },
  alarmTopicArn: "arn:topic",
  today,
};
const build = (change: Partial<EksPlatformArgs> = {}) =>
  register(() => {
    const platform = new EksPlatform("kubernetes", { ...args, ...change });
    return { kubeconfig: platform.kubeconfig, manifests: platform.manifests };
  });
const nodeGroupType = "aws:eks/nodeGroup:NodeGroup";

describe("EksPlatform", () => {
  it("has a private API, encrypted secrets, every log, and no default nodes or groups", async () => {
    const program = await build();
    const cluster = program.one("eks:index:Cluster");
    assert.equal(cluster.remote, true);
    const { inputs } = cluster;
    assert.deepEqual([inputs.endpointPrivateAccess, inputs.endpointPublicAccess], [true, false]);
    assert.match(String(inputs.encryptionConfigKeyArn), /^arn:aws:kms/);
    assert.deepEqual(inputs.enabledClusterLogTypes, [
      "api",
      "audit",
      "authenticator",
      "controllerManager",
      "scheduler",
    ]);
    assert.deepEqual([inputs.skipDefaultNodeGroup, inputs.skipDefaultSecurityGroups], [true, true]);
    assert.deepEqual(inputs.privateSubnetIds, ["app-a", "app-b", "app-c"]);
    assert.equal(inputs.version, newestKubernetes);
    assert.equal(inputs.deletionProtection, true);
    assert.deepEqual(inputs.upgradePolicy, { supportType: "STANDARD" });
    const log = program.one("aws:cloudwatch/logGroup:LogGroup", "-log").inputs;
    assert.equal(log.name, "/aws/eks/trading-platform-test-kubernetes/cluster");
    assert.match(String(log.kmsKeyId), /^arn:aws:kms/);
    assert.ok(
      cluster.dependencies.includes(program.one("aws:cloudwatch/logGroup:LogGroup", "-log").urn),
      "the log is first",
    );
  });

  it("lets administrators and viewers in by access entries", async () => {
    const { inputs } = (await build()).one("eks:index:Cluster");
    assert.equal(inputs.authenticationMode, "API");
    assert.deepEqual(inputs.accessEntries, {
      "administrators-role-Platform": {
        principalArn: "arn:aws:iam::123456789012:role/Platform",
        accessPolicies: {
          administrators: {
            policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            accessScope: { type: "cluster" },
          },
        },
      },
      "viewers-role-Traders": {
        principalArn: "arn:aws:iam::123456789012:role/Traders",
        accessPolicies: {
          viewers: {
            policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            accessScope: { type: "cluster" },
          },
        },
      },
    });
  });

  it("runs a node group for each kind of work, encrypted, private, with IMDSv2", async () => {
    const program = await build();
    assert.equal(program.ofType(nodeGroupType).length, 3);
    const of = (key: string) => program.one(nodeGroupType, `kubernetes-${key}`).inputs;
    assert.deepEqual(
      [of("general").capacityType, of("general").amiType, of("general").scalingConfig],
      ["ON_DEMAND", "AL2023_x86_64_STANDARD", { minSize: 2, desiredSize: 3, maxSize: 6 }],
    );
    assert.deepEqual([of("batch").capacityType, (of("batch").instanceTypes as string[]).length], ["SPOT", 3]);
    assert.equal(of("gpu").amiType, "AL2023_x86_64_NVIDIA");
    assert.deepEqual(of("gpu").taints, [{ key: "nvidia.com/gpu", value: "true", effect: "NO_SCHEDULE" }]);
    assert.deepEqual(of("gpu").labels, { "trading/workload": "gpu" });
    assert.equal(of("general").forceUpdateVersion, false, "an upgrade never goes against a disruption budget");
    for (const { inputs, name } of program.ofType("aws:ec2/launchTemplate:LaunchTemplate")) {
      const template = inputs as unknown as {
        metadataOptions: { httpTokens: string; httpPutResponseHopLimit: number };
        networkInterfaces: { associatePublicIpAddress: string; securityGroups: string[] }[];
        blockDeviceMappings: { ebs: { encrypted: string; kmsKeyId: string } }[];
      };
      assert.deepEqual(
        [template.metadataOptions.httpTokens, template.metadataOptions.httpPutResponseHopLimit],
        ["required", 1],
        name,
      );
      assert.equal(template.networkInterfaces[0]!.associatePublicIpAddress, "false");
      assert.equal(template.networkInterfaces[0]!.securityGroups[1], "sg-nodes", "databases know the nodes by it");
      assert.match(template.networkInterfaces[0]!.securityGroups[0]!, /^sg-/);
      assert.equal(template.blockDeviceMappings[0]!.ebs.encrypted, "true");
      assert.match(template.blockDeviceMappings[0]!.ebs.kmsKeyId, /^arn:aws:kms/);
    }
  });

  it("has its add-ons: the network before the nodes, the others on them", async () => {
    const program = await build();
    const addons = program.ofType("aws:eks/addon:Addon");
    assert.deepEqual(addons.map(({ inputs }) => inputs.addonName).sort(), [
      "amazon-cloudwatch-observability",
      "aws-ebs-csi-driver",
      "coredns",
      "eks-pod-identity-agent",
      "kube-proxy",
      "metrics-server",
      "vpc-cni",
    ]);
    const node = program.one(nodeGroupType, "general");
    const addon = (name: string) => addons.find(({ inputs }) => inputs.addonName === name)!;
    assert.ok(node.dependencies.includes(addon("vpc-cni").urn));
    assert.ok(addon("coredns").dependencies.includes(node.urn));
    assert.match(JSON.stringify(addon("aws-ebs-csi-driver").inputs.podIdentityAssociations), /ebs-csi-controller-sa/);
    assert.match(String(addon("vpc-cni").inputs.configurationValues), /"enableNetworkPolicy":"true"/);
  });

  it("makes the agent's log groups before the agent would, with key and retention", async () => {
    const program = await build({ logRetentionDays: 30 });
    const groups = program.ofType("aws:cloudwatch/logGroup:LogGroup").filter(({ name }) => !name.endsWith("-log"));
    const folder = "/aws/containerinsights/trading-platform-test-kubernetes";
    assert.deepEqual(
      groups.map(({ inputs }) => inputs.name),
      ["application", "host", "dataplane", "performance"].map((kind) => `${folder}/${kind}`),
    );
    const agent = program.one("aws:eks/addon:Addon", "amazon-cloudwatch-observability");
    for (const { inputs, urn } of groups) {
      assert.deepEqual([inputs.retentionInDays, /^arn:aws:kms/.test(String(inputs.kmsKeyId))], [30, true]);
      assert.ok(agent.dependencies.includes(urn));
    }
  });

  it("gives each workload its own role, which no other pod can take", async () => {
    const program = await build();
    const associations = program.ofType("aws:eks/podIdentityAssociation:PodIdentityAssociation");
    assert.deepEqual(associations.map(({ inputs }) => [inputs.namespace, inputs.serviceAccount]).sort(), [
      ["kube-system", "cluster-autoscaler"],
      ["research", "notebook"],
    ]);
    const trust = podTrust({
      cloud: testCloud,
      clusterName: "c",
      namespace: "research",
      serviceAccount: "notebook",
    });
    assert.deepEqual(trust.Statement[0]!.Condition, {
      StringEquals: {
        "aws:SourceAccount": "123456789012",
        "aws:RequestTag/eks-cluster-name": "c",
        "aws:RequestTag/kubernetes-namespace": "research",
        "aws:RequestTag/kubernetes-service-account": "notebook",
      },
      ArnEquals: { "aws:SourceArn": "arn:aws:eks:us-east-1:123456789012:cluster/c" },
    });
    const scale = String(program.one("aws:iam/rolePolicy:RolePolicy", "pod-autoscaler-own").inputs.policy);
    assert.match(scale, /"aws:ResourceTag\/k8s.io\/cluster-autoscaler\/trading-platform-test-kubernetes":"owned"/);
  });

  it("is backed up every day for thirty days under its own key", async () => {
    const program = await build();
    const plan = program.one("aws:backup/plan:Plan").inputs as unknown as {
      rules: { schedule: string; lifecycle: object }[];
    };
    assert.equal(plan.rules[0]!.schedule, "cron(0 5 * * ? *)");
    assert.deepEqual(plan.rules[0]!.lifecycle, { deleteAfter: 30 });
    assert.match(String(program.one("aws:backup/vault:Vault").inputs.kmsKeyArn), /^arn:aws:kms/);
    assert.deepEqual(program.one("aws:backup/selection:Selection").inputs.resources, [
      "arn:aws:eks:us-east-1:123456789012:cluster/trading-platform-test-kubernetes",
    ]);
    const without = await build({ backup: false });
    assert.equal(without.ofType("aws:backup/plan:Plan").length, 0);
  });

  it("tells of a backup that failed, of its own vault", async () => {
    const program = await build();
    const rule = program.one("aws:cloudwatch/eventRule:EventRule").inputs;
    const { source, detail } = JSON.parse(String(rule.eventPattern)) as { source: string[]; detail: object };
    assert.deepEqual(source, ["aws.backup"]);
    const vault = program.one("aws:backup/vault:Vault");
    assert.match(
      JSON.stringify(detail),
      /"state":\["FAILED","ABORTED","EXPIRED"\],"backupVaultArn":\["arn:aws:backup:/,
    );
    assert.ok(program.one("aws:cloudwatch/eventRule:EventRule").dependencies.includes(vault.urn));
    assert.equal(program.one("aws:cloudwatch/eventTarget:EventTarget").inputs.arn, "arn:topic");
    assert.equal((await build({ alarmTopicArn: undefined })).ofType("aws:cloudwatch/eventRule:EventRule").length, 0);
  });

  it("opens its API to named networks only where it is told to", async () => {
    const { inputs } = (await build({ publicAccessCidrs: ["198.51.100.0/24"] })).one("eks:index:Cluster");
    assert.deepEqual([inputs.endpointPublicAccess, inputs.publicAccessCidrs], [true, ["198.51.100.0/24"]]);
  });

  it("alarms on nodes and pods, and says what to do first", async () => {
    const program = await build();
    const alarms = program.ofType("aws:cloudwatch/metricAlarm:MetricAlarm");
    assert.deepEqual(alarms.map(({ inputs }) => inputs.metricName).sort(), [
      "cluster_failed_node_count",
      "node_cpu_utilization",
      "node_filesystem_utilization",
      "node_memory_utilization",
      "pod_container_status_waiting_reason_crash_loop_back_off",
      "pod_status_failed",
      "pod_status_pending",
    ]);
    for (const { inputs } of alarms) {
      assert.match(String(inputs.alarmDescription), /First /);
      assert.deepEqual(inputs.alarmActions, ["arn:topic"]);
      assert.deepEqual(inputs.dimensions, { ClusterName: "trading-platform-test-kubernetes" });
    }
    const of = (metric: string) => {
      const { inputs } = alarms.find((one) => one.inputs.metricName === metric)!;
      const seconds = Number(inputs.period) * Number(inputs.evaluationPeriods);
      return [inputs.namespace, inputs.comparisonOperator, inputs.threshold, seconds, inputs.treatMissingData];
    };
    const insights = ["ContainerInsights", "GreaterThanThreshold"];
    assert.deepEqual(of("node_cpu_utilization"), [...insights, 80, 300, "notBreaching"]);
    assert.deepEqual(of("node_memory_utilization"), [...insights, 85, 300, "notBreaching"]);
    assert.deepEqual(of("node_filesystem_utilization"), [...insights, 85, 300, "notBreaching"]);
    const crashing = "pod_container_status_waiting_reason_crash_loop_back_off";
    assert.deepEqual(of(crashing), [...insights, 0, 300, "notBreaching"]);
    assert.deepEqual(of("pod_status_failed"), [...insights, 0, 300, "notBreaching"]);
    assert.deepEqual(of("pod_status_pending"), [...insights, 0, 900, "notBreaching"]);
    for (const one of alarms.filter(({ inputs }) => String(inputs.metricName).startsWith("pod_")))
      assert.equal(one.inputs.statistic, "Maximum", "one pod is enough");
    assert.deepEqual(of("cluster_failed_node_count"), [...insights, 0, 300, "breaching"], "silence is a failure too");
  });

  it("hands out the kubeconfig and the objects for the cluster", async () => {
    const outputs = (await build()).result.outputs as { kubeconfig: string; manifests: string };
    assert.match(outputs.kubeconfig, /"kind":"Config"/);
    const list = JSON.parse(outputs.manifests) as { kind: string; items: KubernetesObject[] };
    assert.equal(list.kind, "List");
    assert.ok(list.items.length > 10);
  });

  describe("refuses", () => {
    const table: [string, Partial<EksPlatformArgs>, RegExp][] = [
      [
        "a version out of support, with the list of those in it",
        { version: "1.28" },
        /version: has been out of support since 2025-11-26[^]*1\.34 \(until 2026-12-02\), 1\.35 \(until 2027-03-27\)/,
      ],
      [
        "a version that it does not know",
        { version: "1.99" },
        /version: is not a version of EKS that the platform knows/,
      ],
      [
        "extended support that nobody asked for",
        { version: "1.33" },
        /version: left standard support on 2026-07-29[^]*extendedSupport/,
      ],
      ["one zone", { appSubnets: appSubnets.slice(0, 1) }, /appSubnets: lie in fewer than two zones, and a control/],
      [
        "a Local Zone",
        { appSubnets: [...appSubnets, { id: "x", zone: "us-east-1-chi-2a", cidr: "" }] },
        /appSubnets: lie in a Local Zone/,
      ],
      ["an API open to everybody", { publicAccessCidrs: ["0.0.0.0/0"] }, /publicAccessCidrs: opens the API/],
      ["a name that no cluster has", { clusterName: "my cluster" }, /clusterName: cannot name a cluster/],
      ["an administrator without ARN", { administrators: ["me"] }, /administrators: is not the ARN of a role or user/],
      ["no nodes", { nodeGroups: {} }, /nodeGroups: is empty/],
      ["nodes that are all tainted", { nodeGroups: { gpu } }, /nodeGroups: are all tainted/],
      ["a group's name", { nodeGroups: { "My Group": general } }, /nodeGroups\.My Group: is no name of a node group/],
      [
        "sizes out of order",
        { nodeGroups: { general: { ...general, nodes: { min: 4, desired: 3, max: 6 } } } },
        /nodeGroups\.general\.nodes: are not in order/,
      ],
      [
        "spot capacity of one type",
        { nodeGroups: { general, batch: { ...batch, instanceTypes: ["m7i.xlarge"] } } },
        /nodeGroups\.batch\.instanceTypes: names one type only/,
      ],
      [
        "Arm and x86 in one group",
        { nodeGroups: { general: { ...general, instanceTypes: ["m7i.large", "m7g.large"] } } },
        /nodeGroups\.general\.instanceTypes: mixes Arm and x86/,
      ],
      [
        "no types",
        { nodeGroups: { general: { ...general, instanceTypes: [] } } },
        /nodeGroups\.general\.instanceTypes: is empty/,
      ],
      [
        "GPUs without drivers",
        { nodeGroups: { general, gpu: { ...gpu, gpu: false } } },
        /nodeGroups\.gpu\.gpu: is not set on types with a GPU/,
      ],
      [
        "drivers without GPUs",
        { nodeGroups: { general, gpu: { ...gpu, instanceTypes: ["m7i.large"] } } },
        /nodeGroups\.gpu\.gpu: is set on types without a GPU/,
      ],
      [
        "GPU nodes that anything may fill",
        { nodeGroups: { general, gpu: { ...gpu, taints: [] } } },
        /nodeGroups\.gpu\.taints: is empty/,
      ],
      [
        "a time that no clock shows",
        { marketHours: { timeZone: "America/New_York", open: "9:30", close: "16:00" } },
        /marketHours\.open: is not a time of day/,
      ],
      [
        "a zone that no map shows",
        { marketHours: { timeZone: "Wall/Street", open: "09:30", close: "16:00" } },
        /marketHours\.timeZone: is not a time zone/,
      ],
    ];
    for (const [what, change, message] of table) {
      it(what, async () => {
        await assert.rejects(
          build(change),
          (error: unknown) => error instanceof ValidationError && message.test(error.message),
        );
      });
    }
  });
});

describe("Kubernetes versions", () => {
  it("are in support from the day of the table to their last one", () => {
    for (const { version, standardUntil, extendedUntil } of kubernetesVersions) {
      assert.deepEqual(versionIssues(version, false, new Date(`${standardUntil}T23:00:00Z`)), [], version);
      assert.deepEqual(versionIssues(version, true, new Date(`${extendedUntil}T23:00:00Z`)), [], version);
      const after = new Date(new Date(`${extendedUntil}T00:00:00Z`).getTime() + 86_400_000);
      assert.equal(versionIssues(version, true, after).length, 1, version);
    }
  });
});

describe("processors of node groups", () => {
  it("are told by the type", () => {
    for (const type of ["m7g.large", "c7gn.xlarge", "t4g.medium", "r8gd.large", "g5g.xlarge", "a1.large", "x2gd.large"])
      assert.equal(isArm(type), true, type);
    for (const type of ["m7i.large", "g5.xlarge", "g6e.xlarge", "p4d.24xlarge", "c6in.large", "m7a.large", "t3.medium"])
      assert.equal(isArm(type), false, type);
    assert.equal(amiTypeOf({ instanceTypes: ["m7g.large"] }), "AL2023_ARM_64_STANDARD");
    assert.equal(amiTypeOf({ instanceTypes: ["g5g.xlarge"], gpu: true }), "AL2023_ARM_64_NVIDIA");
  });
});
