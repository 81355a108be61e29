import type { Issue } from "../../common/validation";
import { quotaOf, vcpusOf, type Demand } from "../quotas";

/** One trainer, or several of a kind. */
export interface TrainerSettings {
  /** A type with NVIDIA GPUs, such as `g5.xlarge`. */
  readonly instanceType: string;
  readonly count: number;
  /** Spot capacity: cheaper, and taken back on two minutes' notice; checkpoints are saved then. */
  readonly spot: boolean;
  /** Minutes without work on any GPU after which the instance is stopped; 0 leaves it running. */
  readonly idleMinutes: number;
  /** Utilisation in percent that counts as work. */
  readonly idlePercent: number;
  readonly rootVolumeGiB: number;
  /** Minutes between two copies of the checkpoints to S3. */
  readonly saveMinutes: number;
  /** AMI id, or `resolve:ssm:` and a parameter's name. @default the stage's pointer, else AWS's own GPU image */
  readonly ami?: string | undefined;
}

/** Families with NVIDIA GPUs that the image's driver serves; g5g has Arm processors. */
const gpuFamily = /^(g4dn|g5|g6|g6e|gr6|p3|p3dn|p4d|p4de|p5|p5e|p5en)\./;

/** Mistakes in a trainer's settings; paths are relative to the section. */
export function checkTrainers(trainers: Readonly<Record<string, TrainerSettings>>): Issue[] {
  return Object.entries(trainers).flatMap(([key, trainer]) => {
    const path = `trainers.${key}`;
    const issues: Issue[] = [];
    if (!/^[a-z][a-z0-9-]{0,29}$/.test(key)) {
      issues.push({
        path,
        problem: "is not a name for a trainer",
        allowed: "a lower-case letter, then at most 29 letters, digits and dashes",
      });
    }
    if (!gpuFamily.test(trainer.instanceType)) {
      issues.push({
        path: `${path}.instanceType`,
        problem: "has no NVIDIA GPU that the image's driver serves",
        value: trainer.instanceType,
        allowed: "a type of the families g4dn, g5, g6, g6e, gr6, p3, p3dn, p4d, p4de, p5, p5e or p5en",
      });
    } else if (vcpusOf(trainer.instanceType) === undefined || !quotaOf(trainer.instanceType, trainer.spot)) {
      issues.push({
        path: `${path}.instanceType`,
        problem: "is of a size whose vCPUs are not known, so no quota can be checked",
        value: trainer.instanceType,
        allowed: "a size such as xlarge or 12xlarge",
      });
    }
    if (trainer.idleMinutes !== 0 && trainer.idleMinutes < 10) {
      issues.push({
        path: `${path}.idleMinutes`,
        problem: "would stop an instance between two steps of its work",
        value: trainer.idleMinutes,
        allowed: "0 (never), or at least 10",
      });
    }
    return issues;
  });
}

/** What the trainers ask of the account's quotas when all of them run. */
export function trainerDemands(trainers: Readonly<Record<string, TrainerSettings>>): Demand[] {
  return Object.entries(trainers).map(([key, { instanceType, spot, count }]) => ({
    path: `gpu.trainers.${key}`,
    instanceType,
    spot,
    vcpus: count * (vcpusOf(instanceType) ?? 0),
  }));
}
