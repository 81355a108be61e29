/** Figures that come by the hundred: one for each instance type. */
import { figures } from "./figures";
import { hour, type Family, type Figure } from "./product";

const onDemandLinux = {
  service: "AmazonEC2",
  where: {
    operatingSystem: "Linux",
    tenancy: "Shared",
    preInstalledSw: "NA",
    licenseModel: "No License required",
    capacitystatus: "Used",
    marketoption: "OnDemand",
  },
  quoted: hour,
  unit: "hour",
  member: "instanceType",
} as const;

const databases = (engine: string, prefix: string): Family => ({
  service: "AmazonRDS",
  where: {
    productFamily: "Database Instance",
    databaseEngine: engine,
    deploymentOption: "Single-AZ",
    locationType: "AWS Region",
  },
  quoted: hour,
  unit: "hour",
  member: "instanceType",
  prefix,
});

export const families: readonly Family[] = [
  { ...onDemandLinux, prefix: "ec2." },
  databases("PostgreSQL", "rds.postgres."),
  databases("MySQL", "rds.mysql."),
  {
    service: "AmazonElastiCache",
    where: { productFamily: "Cache Instance", cacheEngine: "Redis", locationType: "AWS Region" },
    quoted: hour,
    unit: "hour",
    member: "instanceType",
    prefix: "elasticache.",
  },
];

/** What a Local Zone has prices of its own for: instances and the volumes that they start from. */
export const localZoneFamilies: readonly Family[] = [{ ...onDemandLinux, prefix: "ec2." }];
export const localZoneFigures: Readonly<Record<string, Figure>> = Object.fromEntries(
  ["ebs.gp2", "ebs.gp3", "ebs.io1", "ebs.st1", "ebs.snapshot"].flatMap((key) => {
    const figure = figures[key];
    return figure ? [[key, figure]] : [];
  }),
);
