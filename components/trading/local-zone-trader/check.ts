import type { Issue } from "../../common/validation";

/** What a stage trades with: everything but prod is paper. */
export type TradingMode = "paper" | "live";

/** IB Gateway's API ports by mode; Interactive Brokers' own defaults. */
export const gatewayPorts = { paper: 4002, live: 4001 } as const;

export const tradingModeOf = (stage: "dev" | "qa" | "prod"): TradingMode => (stage === "prod" ? "live" : "paper");

/** Volume types of a root volume; gp3 is missing in some Local Zones. */
export const rootVolumeTypes = ["gp2", "gp3", "io1"] as const;
export type RootVolumeType = (typeof rootVolumeTypes)[number];

/** Ways to a shell on the host. None of them needs a public address. */
export const accessWays = ["ssm", "instance-connect", "bastion"] as const;
export type AccessWay = (typeof accessWays)[number];

/** The part of a trader's settings that can be wrong together. */
export interface TraderNumbers {
  readonly stage: "dev" | "qa" | "prod";
  readonly zone: string;
  readonly region: string;
  readonly gatewayPort: number;
  readonly isolatedCpus: number;
  readonly egress: "nat" | "local-nat" | "elastic-ip" | "none";
}

/** What is wrong with a trader's settings; paths are those of the section `trader`. */
export function checkTrader(args: TraderNumbers): Issue[] {
  const issues: Issue[] = [];
  const mode = tradingModeOf(args.stage);
  if (args.gatewayPort !== gatewayPorts[mode]) {
    const other = mode === "paper" ? "live" : "paper";
    issues.push({
      path: "gatewayPort",
      problem:
        args.gatewayPort === gatewayPorts[other]
          ? `is the ${other} port, and ${args.stage} is a ${mode} stack`
          : "is no port of IB Gateway",
      value: args.gatewayPort,
      allowed: `${gatewayPorts[mode]}, IB Gateway's port for ${mode} trading`,
      fix: "Remove the setting: the stage decides the port.",
    });
  }
  if (!args.zone.startsWith(`${args.region}-`)) {
    issues.push({
      path: "zone",
      problem: `is no Local Zone of ${args.region}`,
      value: args.zone,
      allowed: `a Local Zone such as ${args.region}-chi-2a`,
    });
  }
  if (args.egress === "elastic-ip" && args.stage !== "dev") {
    issues.push({
      path: "zone",
      problem: `goes out by an elastic IP, which only dev allows, not ${args.stage}`,
      value: args.zone,
      allowed: "egress nat, local-nat or none in network.localZones",
      fix: "Use local-nat: the same short way out without a public address on the host.",
    });
  }
  if (!Number.isInteger(args.isolatedCpus) || args.isolatedCpus < 0 || args.isolatedCpus > 30) {
    issues.push({ path: "isolatedCpus", problem: "is out of range", value: args.isolatedCpus, allowed: "0 to 30" });
  }
  return issues;
}
