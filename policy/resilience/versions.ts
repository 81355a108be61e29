import { kubernetesVersions } from "../../components/services/eks-platform/versions";

/**
 * Until when AWS supports what: the one table of dates. `standard` is the end of support without a surcharge, `last` the day
 * after which AWS upgrades it by force or refuses it. Sources: the release calendars of Amazon EKS, Amazon RDS for
 * PostgreSQL, Amazon ElastiCache and AWS Lambda, as of August 2026.
 */
interface Support {
  readonly standard: string;
  readonly last?: string;
}

/** One table for the whole platform: what the cluster is built from is what it is judged by. */
export const kubernetes: Readonly<Record<string, Support>> = Object.fromEntries(
  kubernetesVersions.map(({ version, standardUntil, extendedUntil }) => [
    version,
    { standard: standardUntil, last: extendedUntil },
  ]),
);

export const postgres: Readonly<Record<string, Support>> = {
  "11": { standard: "2024-02-29", last: "2027-03-31" },
  "12": { standard: "2025-02-28", last: "2028-02-29" },
  "13": { standard: "2026-02-28", last: "2029-02-28" },
  "14": { standard: "2027-02-28", last: "2030-02-28" },
  "15": { standard: "2028-02-29", last: "2031-02-28" },
  "16": { standard: "2029-02-28", last: "2032-02-29" },
  "17": { standard: "2030-02-28", last: "2033-02-28" },
  "18": { standard: "2031-02-28", last: "2034-02-28" },
};

/** Minor versions that can no longer be created; the requirements name 15.4. */
export const withdrawnPostgres = ["15.2", "15.3", "15.4", "14.8", "14.9", "16.1"];

export const redis: Readonly<Record<string, Support>> = {
  "4": { standard: "2026-01-31", last: "2029-01-31" },
  "5": { standard: "2026-01-31", last: "2029-01-31" },
  "6": { standard: "2027-01-31", last: "2030-01-31" },
};

/** Until when a runtime gets security patches; AWS refuses new functions a little later, with no fixed distance. */
export const lambdaRuntimes: Readonly<Record<string, Support>> = {
  dotnet10: { standard: "2028-11-14" },
  "dotnet5.0": { standard: "2022-05-10" },
  dotnet6: { standard: "2024-12-20" },
  dotnet7: { standard: "2024-05-14" },
  dotnet8: { standard: "2026-11-10" },
  dotnet9: { standard: "2026-11-10" },
  "dotnetcore1.0": { standard: "2019-06-27" },
  "dotnetcore2.0": { standard: "2019-05-30" },
  "dotnetcore2.1": { standard: "2022-01-05" },
  "dotnetcore3.1": { standard: "2023-04-03" },
  "go1.x": { standard: "2024-01-08" },
  java11: { standard: "2027-06-30" },
  "java11.al2023": { standard: "2029-06-30" },
  java17: { standard: "2027-06-30" },
  "java17.al2023": { standard: "2029-06-30" },
  java21: { standard: "2029-06-30" },
  java25: { standard: "2029-06-30" },
  java8: { standard: "2024-01-08" },
  "java8.al2": { standard: "2027-06-30" },
  "java8.al2023": { standard: "2029-06-30" },
  nodejs: { standard: "2016-08-30" },
  "nodejs10.x": { standard: "2021-07-30" },
  "nodejs12.x": { standard: "2023-03-31" },
  "nodejs14.x": { standard: "2023-12-04" },
  "nodejs16.x": { standard: "2024-06-12" },
  "nodejs18.x": { standard: "2025-09-01" },
  "nodejs20.x": { standard: "2026-04-30" },
  "nodejs22.x": { standard: "2027-04-30" },
  "nodejs24.x": { standard: "2028-04-30" },
  "nodejs4.3": { standard: "2020-03-05" },
  "nodejs6.10": { standard: "2019-08-12" },
  "nodejs8.10": { standard: "2020-03-06" },
  provided: { standard: "2024-01-08" },
  "provided.al2": { standard: "2026-07-31" },
  "provided.al2023": { standard: "2029-06-30" },
  "python2.7": { standard: "2021-07-15" },
  "python3.10": { standard: "2026-10-31" },
  "python3.11": { standard: "2027-06-30" },
  "python3.12": { standard: "2028-10-31" },
  "python3.13": { standard: "2029-06-30" },
  "python3.14": { standard: "2029-06-30" },
  "python3.6": { standard: "2022-07-18" },
  "python3.7": { standard: "2023-12-04" },
  "python3.8": { standard: "2024-10-14" },
  "python3.9": { standard: "2025-12-15" },
  "ruby2.5": { standard: "2021-07-30" },
  "ruby2.7": { standard: "2023-12-07" },
  "ruby3.2": { standard: "2026-03-31" },
  "ruby3.3": { standard: "2027-03-31" },
  "ruby3.4": { standard: "2028-03-31" },
  "ruby4.0": { standard: "2029-03-31" },
};

/** What a version's support is on a day; undefined for a version that the table does not know, which is newer. */
export function supportOn(
  table: Readonly<Record<string, Support>>,
  version: string,
  today: string,
): "standard" | "extended" | "ended" | undefined {
  const known = table[version];
  if (!known) {
    const oldest = Object.keys(table).map(Number).filter(Number.isFinite);
    const number = Number(version);
    return Number.isFinite(number) && oldest.length > 0 && compare(version, table) < 0 ? "ended" : undefined;
  }
  if (today <= known.standard) return "standard";
  return known.last && today <= known.last ? "extended" : "ended";
}

/** Negative where a version is older than every one of a table, part by part: 1.9 is older than 1.28. */
function compare(version: string, table: Readonly<Record<string, Support>>): number {
  const parts = (text: string) => text.split(".").map(Number);
  const oldest = Object.keys(table)
    .map(parts)
    .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0))[0] ?? [0];
  const [major = 0, minor = 0] = parts(version);
  return major - (oldest[0] ?? 0) || minor - (oldest[1] ?? 0);
}
