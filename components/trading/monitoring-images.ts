/** Images of the monitoring stack, each pinned to a release; a digest may be added behind it (`image:tag@sha256:...`). */
export const monitoringImages = {
  prometheus: "quay.io/prometheus/prometheus:v3.5.0",
  grafana: "docker.io/grafana/grafana:12.1.0",
  nodeExporter: "quay.io/prometheus/node-exporter:v1.9.1",
  cloudwatchExporter: "quay.io/prometheuscommunity/yet-another-cloudwatch-exporter:v0.62.1",
} as const;

export type MonitoringImage = keyof typeof monitoringImages;

/** A release or a digest: never `latest`, and never nothing. */
export const pinnedImage = /^[\w.-]+(\.[\w.-]+)*(:\d+)?(\/[\w.-]+)+:(?!latest(@|$))[\w][\w.-]*(@sha256:[0-9a-f]{64})?$/;
