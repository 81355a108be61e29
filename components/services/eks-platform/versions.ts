/** Kubernetes versions of EKS and how long AWS supports each. */
import type { Issue } from "../../common/validation";

export interface KubernetesVersion {
  readonly version: string;
  /** Last day at 0.10 USD an hour for the cluster. */
  readonly standardUntil: string;
  /** Last day at all, at 0.60 USD an hour; afterwards AWS upgrades the cluster by itself. */
  readonly extendedUntil: string;
}

/** Source: Amazon EKS user guide, "Kubernetes release calendar", as of August 2026; append what AWS adds. */
export const kubernetesVersions: readonly KubernetesVersion[] = [
  { version: "1.28", standardUntil: "2024-11-26", extendedUntil: "2025-11-26" },
  { version: "1.29", standardUntil: "2025-03-23", extendedUntil: "2026-03-23" },
  { version: "1.30", standardUntil: "2025-07-23", extendedUntil: "2026-07-23" },
  { version: "1.31", standardUntil: "2025-11-26", extendedUntil: "2026-11-26" },
  { version: "1.32", standardUntil: "2026-03-23", extendedUntil: "2027-03-23" },
  { version: "1.33", standardUntil: "2026-07-29", extendedUntil: "2027-07-29" },
  { version: "1.34", standardUntil: "2026-12-02", extendedUntil: "2027-12-02" },
  { version: "1.35", standardUntil: "2027-03-27", extendedUntil: "2028-03-27" },
  { version: "1.36", standardUntil: "2027-08-02", extendedUntil: "2028-08-02" },
];

/** What a new cluster gets by default: the newest version that the cluster's own tools are pinned for. */
export const newestKubernetes = "1.35";

const day = (date: Date) => date.toISOString().slice(0, 10);

/** What is wrong with a version on a day. */
export function versionIssues(version: string, extendedSupport: boolean, today: Date, path = "version"): Issue[] {
  const now = day(today);
  const standard = kubernetesVersions.filter((one) => one.standardUntil >= now);
  const extended = kubernetesVersions.filter((one) => one.standardUntil < now && one.extendedUntil >= now);
  const list = [
    ...standard.map((one) => `${one.version} (until ${one.standardUntil})`),
    ...extended.map((one) => `${one.version} (extended, at six times the price, until ${one.extendedUntil})`),
  ].join(", ");
  const known = kubernetesVersions.find((one) => one.version === version);
  if (!known)
    return [
      {
        path,
        problem: "is not a version of EKS that the platform knows",
        value: version,
        allowed: list,
        fix: "For a newer one add its dates to components/services/eks-platform/versions.ts.",
      },
    ];
  if (known.extendedUntil < now)
    return [
      {
        path,
        problem: `has been out of support since ${known.extendedUntil}: AWS makes no such cluster any more`,
        value: version,
        allowed: list,
        fix: `Take ${newestKubernetes}; an existing cluster goes up one minor version at a time.`,
      },
    ];
  if (known.standardUntil < now && !extendedSupport)
    return [
      {
        path,
        problem: `left standard support on ${known.standardUntil}`,
        value: version,
        allowed: list,
        fix: "Upgrade, or set extendedSupport to true and pay 0.60 instead of 0.10 USD an hour.",
      },
    ];
  return [];
}
