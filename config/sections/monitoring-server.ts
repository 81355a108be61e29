import { z } from "zod";
import { checkMonitoringServer } from "../../components/trading/monitoring-server/check";
import { defineSection, fields } from "../section";

const image = (what: string) =>
  z
    .string()
    .optional()
    .meta({ description: `Image of ${what} in place of the pinned one` });

/** Prometheus and Grafana on a host of their own. */
export const monitoringServer = defineSection({
  description: "Prometheus, Grafana and exporters on a host in the Region's zone, reached by Session Manager only.",
  requires: ["network"],
  schema: ({ byStage }) =>
    z.strictObject({
      instanceType: fields
        .instanceType()
        .default(byStage({ dev: "t3.small", qa: "t3.medium", prod: "t3.medium" }))
        .meta({ description: "Instance type of the host" }),
      dataVolumeGiB: z
        .int()
        .min(8)
        .max(16_384)
        .default(byStage({ dev: 20, qa: 50, prod: 100 }))
        .meta({ description: "Size of the volume that keeps metrics and dashboards, in GiB" }),
      metricRetentionDays: z
        .int()
        .min(1)
        .max(730)
        .default(byStage({ dev: 7, qa: 30, prod: 90 }))
        .meta({ description: "Days that Prometheus keeps" }),
      images: z
        .strictObject({
          prometheus: image("Prometheus"),
          grafana: image("Grafana"),
          nodeExporter: image("the node exporter"),
          cloudwatchExporter: image("the CloudWatch exporter"),
        })
        .prefault({})
        .meta({ description: "Images, each pinned to a release" }),
    }),
  check: (value) => checkMonitoringServer(value.images),
});
