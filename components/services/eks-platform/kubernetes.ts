/**
 * What runs in the cluster beside the add-ons, as Kubernetes objects: pure. The API of the cluster is private, so the deployment
 * cannot reach it; the objects are an output that `kubectl apply -f -` takes from inside the network.
 */

/** A Kubernetes object. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** When the exchange is open, in its own time. */
export interface MarketHours {
  /** Time zone of the exchange, such as `America/New_York`. */
  readonly timeZone: string;
  /** `09:30` */
  readonly open: string;
  /** `16:00` */
  readonly close: string;
}

export interface ManifestValues {
  readonly clusterName: string;
  readonly region: string;
  readonly kubernetesVersion: string;
  readonly volumeKeyArn: string;
  /** Namespace of what must not be disrupted. */
  readonly namespace: string;
  readonly marketHours: MarketHours;
  /** Image of the cluster autoscaler; its minor version is the cluster's. */
  readonly autoscalerImage: string;
  /** Image with kubectl. */
  readonly kubectlImage: string;
}

const labels = (name: string) => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/managed-by": "trading-platform",
});

/** A time of day as the minute and hour of a cron expression. */
export function cronOf(time: string): string {
  const [hour = "0", minute = "0"] = time.split(":");
  return `${Number(minute)} ${Number(hour)} * * 1-5`;
}

/** Container that may do nothing but its work. */
const restricted = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

function autoscaler(values: ManifestValues): KubernetesObject[] {
  const name = "cluster-autoscaler";
  const metadata = { name, namespace: "kube-system", labels: labels(name) };
  const read = ["get", "list", "watch"];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name, labels: labels(name) },
      rules: [
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
        { apiGroups: [""], resources: ["nodes"], verbs: [...read, "update", "delete"] },
        { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
        { apiGroups: [""], resources: ["pods/status"], verbs: ["update"] },
        {
          apiGroups: [""],
          resources: [
            "namespaces",
            "pods",
            "services",
            "replicationcontrollers",
            "persistentvolumeclaims",
            "persistentvolumes",
          ],
          verbs: read,
        },
        { apiGroups: ["apps"], resources: ["daemonsets", "replicasets", "statefulsets"], verbs: read },
        { apiGroups: ["batch"], resources: ["jobs", "cronjobs"], verbs: read },
        { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: read },
        {
          apiGroups: ["storage.k8s.io"],
          resources: ["storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments"],
          verbs: read,
        },
        {
          apiGroups: ["resource.k8s.io"],
          resources: ["resourceclaims", "resourceslices", "deviceclasses"],
          verbs: read,
        },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name, labels: labels(name) },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: "kube-system" }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [
        { apiGroups: [""], resources: ["configmaps"], verbs: ["create", "list", "watch"] },
        {
          apiGroups: [""],
          resources: ["configmaps"],
          resourceNames: ["cluster-autoscaler-status"],
          verbs: ["get", "update", "delete", "watch"],
        },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: "kube-system" }],
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: { "app.kubernetes.io/name": name } },
        template: {
          metadata: { labels: labels(name) },
          spec: {
            serviceAccountName: name,
            priorityClassName: "system-cluster-critical",
            securityContext: { runAsUser: 65534, fsGroup: 65534 },
            containers: [
              {
                name,
                image: values.autoscalerImage,
                command: [
                  "./cluster-autoscaler",
                  "--cloud-provider=aws",
                  `--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/${values.clusterName}`,
                  "--balance-similar-node-groups",
                  "--expander=least-waste",
                  "--skip-nodes-with-system-pods=false",
                ],
                env: [{ name: "AWS_REGION", value: values.region }],
                resources: { requests: { cpu: "100m", memory: "600Mi" }, limits: { memory: "600Mi" } },
                securityContext: restricted,
              },
            ],
          },
        },
      },
    },
  ];
}

function budgetSwitch(values: ManifestValues, role: "open" | "close"): KubernetesObject {
  const { namespace, marketHours } = values;
  // No pod may be taken while the exchange is open; one at a time when it is closed.
  const maxUnavailable = role === "open" ? 0 : 1;
  const patch = JSON.stringify({ spec: { maxUnavailable } });
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: `market-${role}`, namespace, labels: labels("market-hours") },
    spec: {
      schedule: cronOf(role === "open" ? marketHours.open : marketHours.close),
      timeZone: marketHours.timeZone,
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 600,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        spec: {
          backoffLimit: 5,
          template: {
            metadata: { labels: labels("market-hours") },
            spec: {
              serviceAccountName: "market-hours",
              restartPolicy: "Never",
              securityContext: { runAsUser: 65534 },
              containers: [
                {
                  name: "patch",
                  image: values.kubectlImage,
                  command: [
                    "kubectl",
                    "patch",
                    "poddisruptionbudget",
                    "trading",
                    "--namespace",
                    namespace,
                    "--type=merge",
                    `--patch=${patch}`,
                  ],
                  resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } },
                  securityContext: restricted,
                },
              ],
            },
          },
        },
      },
    },
  };
}

function tradingGuards(values: ManifestValues): KubernetesObject[] {
  const { namespace } = values;
  const metadata = { name: "market-hours", namespace, labels: labels("market-hours") };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: namespace,
        labels: { ...labels(namespace), "pod-security.kubernetes.io/enforce": "restricted" },
      },
    },
    {
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      metadata: { name: "trading", labels: labels("trading") },
      value: 1_000_000,
      globalDefault: false,
      description: "What trades goes before what computes",
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "trading", namespace, labels: labels("trading") },
      // Starts closed: the next closing bell opens it.
      spec: { maxUnavailable: 0, selector: { matchLabels: { "trading/disruption": "outside-market-hours" } } },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata,
      rules: [
        {
          apiGroups: ["policy"],
          resources: ["poddisruptionbudgets"],
          resourceNames: ["trading"],
          verbs: ["get", "patch"],
        },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "market-hours" },
      subjects: [{ kind: "ServiceAccount", name: "market-hours", namespace }],
    },
    budgetSwitch(values, "open"),
    budgetSwitch(values, "close"),
  ];
}

/** Every object, as a `List` that kubectl takes. */
export function clusterManifests(values: ManifestValues) {
  const items: KubernetesObject[] = [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: "encrypted",
        labels: labels("storage"),
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true", kmsKeyId: values.volumeKeyArn },
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    },
    ...tradingGuards(values),
    ...autoscaler(values),
  ];
  return { apiVersion: "v1", kind: "List", items };
}
