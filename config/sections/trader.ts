import { z } from "zod";
import {
  accessWays,
  checkTrader,
  gatewayPorts,
  rootVolumeTypes,
  tradingModeOf,
} from "../../components/trading/local-zone-trader/check";
import { defineSection, fields } from "../section";
import { checkDataAccess, dataAccessField } from "./data-access";

/** The trading host in a Local Zone. */
export const trader = defineSection({
  description: "The trading host in a Local Zone next to the exchange, with IB Gateway and the bot in containers.",
  requires: ["network"],
  schema: ({ stage, byStage }) =>
    z.strictObject({
      zone: z
        .string()
        .default("us-east-1-chi-2a")
        .meta({ description: "Local Zone of the host; one of network.localZones", allowed: "a Local Zone's name" }),
      instanceType: fields
        .instanceType()
        .default(byStage({ dev: "c6i.large", qa: "c6in.xlarge", prod: "c6in.2xlarge" }))
        .meta({ description: "Instance type: development, paper trading, live trading" }),
      ami: fields.ami().optional().meta({
        description: "System image; the stage's pointer where images has one, else Amazon Linux 2023",
        allowed: "ami-0123456789abcdef0, or resolve:ssm:/name/of/parameter",
      }),
      gatewayPort: z
        .int()
        .default(gatewayPorts[tradingModeOf(stage)])
        .meta({ description: "IB Gateway's API port: 4002 paper, 4001 live; must be the stage's" }),
      rootVolume: z
        .strictObject({
          type: z
            .enum(rootVolumeTypes)
            .default("gp2")
            .meta({ description: "Volume type; gp3 is missing in some Local Zones" }),
          sizeGiB: z.int().min(8).max(16_384).default(30).meta({ description: "Size in GiB" }),
        })
        .prefault({})
        .meta({ description: "Root volume; always encrypted" }),
      access: z
        .enum(accessWays)
        .default("ssm")
        .meta({ description: "Way to a shell: Session Manager, an Instance Connect endpoint, or a bastion" }),
      clusterPlacement: z
        .boolean()
        .default(false)
        .meta({ description: "Cluster placement group; helps once several hosts of the zone talk to each other" }),
      tunedKernel: z
        .boolean()
        .default(byStage({ dev: false, qa: true, prod: true }))
        .meta({ description: "Kernel settings for low latency (busy polling, no huge pages)" }),
      isolatedCpus: z
        .int()
        .min(0)
        .max(30)
        .default(0)
        .meta({ description: "CPUs that belong to the bot alone, without timer ticks or interrupts" }),
      latency: z
        .strictObject({
          host: z
            .string()
            .regex(/^[A-Za-z0-9.-]+$/, { error: "is no host name" })
            .default("cdc1.ibllc.com")
            .meta({ description: "Host that round trips are measured to", allowed: "a host name" }),
          port: z.int().min(1).max(65_535).default(4000).meta({ description: "Its TCP port" }),
          alarmMilliseconds: z
            .number()
            .min(0.1)
            .max(1000)
            .default(10)
            .meta({ description: "Round trip above which the alarm goes off: single-digit milliseconds are expected" }),
        })
        .prefault({})
        .meta({ description: "Measurement of the way to the exchange" }),
      images: z
        .strictObject({
          trader: z.string().default("").meta({ description: "Image of the bot, best by digest; empty: deploy later" }),
          gateway: z.string().default("").meta({ description: "Image of IB Gateway, best by digest" }),
        })
        .prefault({})
        .meta({ description: "Images that a new host starts with" }),
      dataAccess: dataAccessField(),
      logRetentionDays: fields
        .retentionDays()
        .default(byStage({ dev: 30, qa: 90, prod: 365 }))
        .meta({ description: "Days that the containers' log is kept" }),
    }),
  check: (value, settings) => {
    const { stage, region, network } = settings;
    const zones = (network as { localZones?: { zone: string; egress: "nat" | "local-nat" | "elastic-ip" | "none" }[] })
      .localZones;
    const zone = zones?.find((one) => one.zone === value.zone);
    if (!zone) {
      return [
        {
          path: "zone",
          problem: "has no subnet",
          value: value.zone,
          allowed: zones?.map((one) => one.zone).join(", ") || "a zone of network.localZones, which is empty",
          fix: "Add the zone to network.localZones.",
        },
      ];
    }
    return [
      ...checkTrader({ ...value, stage, region, egress: zone.egress }),
      ...checkDataAccess(value.dataAccess, settings),
    ];
  },
});
