import type * as pulumi from "@pulumi/pulumi";
import type { AmiKind } from "../components/common/ami-pointer";
import { boundaryArn, boundEveryRole } from "../components/common/boundary";
import { lookupCloud, type Cloud } from "../components/common/iam";
import { previousOutputs, type PreviousOutputs } from "../components/common/previous-deployment";
import type { Report } from "../components/common/report";
import { tagEverything, type PlatformTags } from "../components/common/tags";
import type { DataPlatform } from "../components/data/data-platform";
import type { TradingVpc } from "../components/network/trading-vpc";
import type { EksPlatform } from "../components/services/eks-platform";
import type { FargateServices } from "../components/services/fargate-services";
import { collectBuckets, type StackBucket } from "../components/operations/compliance-report";
import { collectLogGroups, type StackLogGroup } from "../components/operations/log-archive";
import type { PlannedAlarm, Topics } from "../components/operations/alarm-plan";
import { loadSettings, type Settings } from "../config";
import { withoutDebugMessages, withoutPromiseTraces } from "./runtime-savings";

/**
 * What the sections of one stack share: settings, surroundings, and the siblings made so far. A section's wiring reads what
 * it needs, makes its component, leaves it here where others need it, and returns its part of the stack's outputs.
 */
export interface Platform {
  readonly settings: Settings;
  readonly cloud: Cloud;
  readonly report: Report;
  /** Outputs of the stack's last deployment. */
  readonly previous: PreviousOutputs;
  readonly tags: PlatformTags;
  /** Outside dev what holds data is protected and outlives the stack. */
  readonly isProtected: boolean;
  /** Keys of the volumes of instances that the schedule starts. */
  readonly scheduledVolumeKeyArns: pulumi.Output<string>[];
  /** Security groups whose members read market data, by component. */
  readonly marketDataReaders: Record<string, pulumi.Output<string>>;
  /** Security groups of clients of MLflow, by component. */
  readonly mlflowClients: Record<string, pulumi.Output<string>>;
  /** Group that scrapes the hosts' metrics. */
  monitoringSecurityGroupId?: pulumi.Output<string>;
  alarmTopics?: Topics;
  /** Topics of other Regions, for alarms that have to be there. */
  alarmTopicsAbroad: Readonly<Record<string, Topics>>;
  /** Every log group that was made so far. */
  readonly logGroups: readonly StackLogGroup[];
  /** Every bucket that was made so far. */
  readonly buckets: readonly StackBucket[];
  /** Vault of the stack's backups. */
  vaultName?: pulumi.Output<string>;
  alarmTopicsKeyArn?: pulumi.Output<string>;
  /** Every alarm that was made so far. */
  alarms?: readonly PlannedAlarm[];
  /** AMI pointers by kind, where the stack has any. */
  amis?: Readonly<Partial<Record<AmiKind, pulumi.Output<string>>>>;
  network?: TradingVpc;
  data?: DataPlatform;
  kubernetes?: EksPlatform;
  services?: FargateServices;
}

/** Wires one section; returns its stack outputs, or undefined where the section is off. */
export type Wire = (platform: Platform) => unknown;

/** Reads the settings, looks the account up and sets the tags of everything that follows. */
async function openPlatform(report: Report): Promise<Platform> {
  const settings = loadSettings();
  const { project, stack, stage, owner, region } = settings;
  const tags = { project, stack, stage, owner };
  tagEverything(tags);
  const logGroups = collectLogGroups();
  const buckets = collectBuckets();
  const [cloud, previous] = await Promise.all([lookupCloud(region), previousOutputs()]);
  if (settings.permissionsBoundary) boundEveryRole(boundaryArn(cloud, settings.permissionsBoundary));
  return {
    settings,
    cloud,
    report,
    previous,
    tags,
    isProtected: stage !== "dev",
    logGroups,
    buckets,
    scheduledVolumeKeyArns: [],
    marketDataReaders: {},
    mlflowClients: {},
    alarmTopicsAbroad: {},
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Wires the sections in their order and returns the stack's outputs; a section that is off leaves none. */
export async function deploy(
  report: Report,
  load: () => Readonly<Record<string, Wire>>,
): Promise<Record<string, unknown>> {
  if (!report.offline) {
    withoutPromiseTraces();
    withoutDebugMessages();
  }
  const opening = openPlatform(report);
  await Promise.race([opening, asked()]);
  const sections = load();
  const platform = await opening;
  const outputs: Record<string, unknown> = { stage: platform.settings.stage };
  for (const [key, wire] of Object.entries(sections)) {
    const output: unknown = await wire(platform);
    if (output !== undefined) outputs[key] = output;
    await turn(); // the engine gets to work on this section while the next one is wired
  }
  return outputs;
}

/** As many turns as a question needs to be on its way to the engine. */
async function asked(): Promise<void> {
  for (let turns = 0; turns < 8; turns++) await turn();
}
