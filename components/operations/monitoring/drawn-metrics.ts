/** A metric as a dashboard draws it. */
export interface DrawnMetric {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  /** A statistic, or a percentile such as `p99`. */
  readonly stat: string;
  readonly period: number;
}

/** What is drawn of a thing beside what its alarms watch. */
interface Companions {
  /** Where it is filed, if not where the alarm's own metric is. */
  readonly namespace?: string;
  readonly period: number;
  readonly metrics: Readonly<Record<string, string>>;
}

/** Bytes of a measurement, so that the sum over five minutes is right with basic monitoring and with detailed. */
const hosts: Companions = { namespace: "AWS/EC2", period: 300, metrics: { NetworkIn: "Sum", NetworkOut: "Sum" } };

/**
 * Metrics that no alarm watches, as no value of theirs is wrong by itself, and that people look for once one went off: requests
 * and latency of load balancers, traffic of everything that has a network, the state of pods. By the namespace of an alarm on
 * the same thing: AWS files these under the same dimensions. Source of names, dimensions and statistics: each service's user
 * guide, "metrics and dimensions"; of ContainerInsights the CloudWatch agent's own declarations, with enhanced observability,
 * which the add-on of EKS turns on by itself.
 */
const companions: Readonly<Record<string, Companions>> = {
  "AWS/ApplicationELB": { period: 60, metrics: { RequestCount: "Sum", TargetResponseTime: "p99" } },
  "AWS/AutoScaling": hosts,
  "AWS/EC2": hosts,
  "AWS/ECS": {
    namespace: "ECS/ContainerInsights",
    period: 60,
    metrics: { NetworkRxBytes: "Average", NetworkTxBytes: "Average" },
  },
  "AWS/ElastiCache": { period: 60, metrics: { NetworkBytesIn: "Sum", NetworkBytesOut: "Sum" } },
  "AWS/RDS": { period: 60, metrics: { NetworkReceiveThroughput: "Average", NetworkTransmitThroughput: "Average" } },
  ContainerInsights: {
    period: 60,
    metrics: {
      node_network_total_bytes: "Average",
      pod_network_rx_bytes: "Average",
      pod_network_tx_bytes: "Average",
      pod_status_running: "Sum",
      pod_number_of_container_restarts: "Sum",
    },
  },
};

/** One key for a metric of one thing, in whatever order its dimensions stand. */
function identity({ namespace, metric, dimensions }: Omit<DrawnMetric, "stat" | "period">): string {
  return JSON.stringify([namespace, metric, Object.entries(dimensions).sort()]);
}

/** What is drawn beside the metrics of alarms: each companion of each thing once, and none that an alarm watches anyway. */
export function companionsOf(watched: readonly Omit<DrawnMetric, "stat" | "period">[]): DrawnMetric[] {
  const alarmed = new Set(watched.map(identity));
  const found = new Map<string, DrawnMetric>();
  for (const { namespace, dimensions } of watched) {
    const beside = companions[namespace];
    for (const [metric, stat] of Object.entries(beside?.metrics ?? {})) {
      const drawn = {
        namespace: beside?.namespace ?? namespace,
        metric,
        dimensions,
        stat,
        period: beside?.period ?? 60,
      };
      if (!alarmed.has(identity(drawn))) found.set(identity(drawn), drawn);
    }
  }
  return [...found.values()];
}
