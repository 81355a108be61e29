/** Grafana's dashboards and data sources, and Prometheus' and the exporter's configuration, as plain objects. */

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly expr: string;
  readonly legend: string;
}

const panels: readonly Panel[] = [
  {
    title: "CPU used",
    unit: "percent",
    expr: '100 - avg by (name) (rate(node_cpu_seconds_total{mode="idle"}[2m])) * 100',
    legend: "{{name}}",
  },
  {
    title: "Memory used",
    unit: "percent",
    expr: "100 * (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
    legend: "{{name}}",
  },
  {
    title: "Root volume used",
    unit: "percent",
    expr: '100 * (1 - node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"})',
    legend: "{{name}}",
  },
  {
    title: "Clock offset",
    unit: "s",
    expr: "abs(node_timex_offset_seconds)",
    legend: "{{name}}",
  },
  {
    title: "TCP retransmissions",
    unit: "ops",
    expr: "rate(node_netstat_Tcp_RetransSegs[2m])",
    legend: "{{name}}",
  },
  {
    title: "Round trip to the exchange",
    unit: "ms",
    expr: "aws_trading_platform_trader_exchange_round_trip_milliseconds_average",
    legend: "{{dimension_InstanceId}}",
  },
];

/** Two panels a row. */
export function hostsDashboard() {
  return {
    uid: "hosts",
    title: "Trading hosts",
    schemaVersion: 41,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    panels: panels.map(({ title, unit, expr, legend }, index) => ({
      id: index + 1,
      type: "timeseries",
      title,
      datasource: { type: "prometheus", uid: "prometheus" },
      gridPos: { x: (index % 2) * 12, y: Math.floor(index / 2) * 8, w: 12, h: 8 },
      fieldConfig: { defaults: { unit }, overrides: [] },
      targets: [{ refId: "A", expr, legendFormat: legend }],
    })),
  };
}

export function grafanaDataSources() {
  return {
    apiVersion: 1,
    datasources: [
      { name: "Prometheus", uid: "prometheus", type: "prometheus", url: "http://127.0.0.1:9090", isDefault: true },
    ],
  };
}

export function grafanaDashboards() {
  return {
    apiVersion: 1,
    providers: [{ name: "platform", type: "file", options: { path: "/etc/grafana/dashboards" } }],
  };
}

/** Scrapes itself, the CloudWatch exporter, and every running host of the stack that has a node exporter. */
export function prometheusConfig(region: string, project: string, stack: string) {
  const self = (job: string, port: number) => ({
    job_name: job,
    static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { name: job } }],
  });
  return {
    global: { scrape_interval: "15s", external_labels: { stack } },
    scrape_configs: [
      self("prometheus", 9090),
      self("monitoring", 9100),
      self("cloudwatch", 5000),
      {
        job_name: "hosts",
        ec2_sd_configs: [
          {
            region,
            port: 9100,
            filters: [
              { name: "tag:project", values: [project] },
              { name: "tag:stack", values: [stack] },
              { name: "instance-state-name", values: ["running"] },
            ],
          },
        ],
        relabel_configs: [
          { source_labels: ["__meta_ec2_tag_component"], regex: "trader|fleet|ingest", action: "keep" },
          { source_labels: ["__meta_ec2_tag_Name"], target_label: "name" },
        ],
      },
    ],
  };
}

/** Reads what the trading hosts publish to CloudWatch. */
export function cloudwatchExporterConfig(region: string, namespace: string) {
  return {
    apiVersion: "v1alpha1",
    customNamespace: [
      {
        name: "trader",
        namespace,
        regions: [region],
        metrics: ["ExchangeRoundTripMilliseconds", "ClockOffsetMilliseconds"].map((name) => ({
          name,
          statistics: ["Average"],
          period: 60,
          length: 300,
        })),
      },
    ],
  };
}
