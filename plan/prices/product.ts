/**
 * How a figure of the price table is told from all others in the AWS Price List API: the service, what its products are told
 * apart by, and the unit that AWS quotes. A figure is one product; a family is one figure for each value of an attribute, such as
 * each instance type.
 */
export interface Product {
  readonly service: string;
  /** Attributes that the API filters by, beside the Region. */
  readonly where?: Readonly<Record<string, string>>;
  /** The usage type without the Region's prefix (`USE1-`); told apart here, because each Region writes its own prefix. */
  readonly usage?: string;
  /** Unit of AWS's quote: a price in another unit is never taken. */
  readonly quoted: RegExp;
  /** Our unit in AWS's: 730 for a price an hour that we keep by the month. @default 1 */
  readonly times?: number;
  /** Sold everywhere at one price, without a Region. @default false */
  readonly worldwide?: boolean;
}

export interface Figure extends Product {
  /** Unit of the table. */
  readonly unit: string;
}

export interface Family extends Figure {
  /** Key before the attribute's value: `ec2.`. */
  readonly prefix: string;
  /** Attribute whose values tell the family's members apart. */
  readonly member: string;
}

export const hour = /^(hrs?|hours?)$/i;
export const gbMonth = /^gb-?mo(nth)?s?$/i;
export const gb = /^(gb|gigabytes?)$/i;
export const events =
  /^(events?|requests?|api requests?|api calls?|lambda requests?|invocations?|messages?|64k-chunks)$/i;
/** What AWS counts by the piece: keys, alarms, metrics, rules, whole months of something. */
export const piece = /^[a-z][a-z -]*$/i;
export const hoursAMonth = 730;
export const million = 1_000_000;

export const ec2 = (productFamily: string, where: Product["where"] = {}) => ({
  service: "AmazonEC2",
  where: { productFamily, ...where },
});
export const volume = (volumeApiName: string): Figure => ({
  ...ec2("Storage", { volumeApiName }),
  quoted: gbMonth,
  unit: "GB-month",
});
export const volumeIops = (volumeApiName: string, suffix: string, unit: string): Figure => ({
  ...ec2("System Operation", { volumeApiName }),
  usage: `EBS:VolumeP-IOPS.${suffix}`,
  quoted: /^iops-?mo$/i,
  unit,
});
export const watch = (usage: string, unit: string, where: Product["where"] = {}): Figure => ({
  service: "AmazonCloudWatch",
  where,
  usage,
  quoted: piece,
  unit,
});
export const rds = (productFamily: string, usage: string, quoted: RegExp, unit: string): Figure => ({
  service: "AmazonRDS",
  where: { productFamily, deploymentOption: "Single-AZ", databaseEngine: "Any" },
  usage,
  quoted,
  unit,
});
export const firewall = (usage: string, unit: string, times = 1): Figure => ({
  service: "awswaf",
  where: { productFamily: "Web Application Firewall" },
  usage,
  quoted: piece,
  unit,
  times,
});
export const onDemandTable = (group: string, unit: string): Figure => ({
  service: "AmazonDynamoDB",
  where: { productFamily: "Amazon DynamoDB PayPerRequest Throughput", group },
  quoted: /^(write|read)requestunits?$/i,
  unit,
  times: million,
});
export const provisionedTable = (group: string, unit: string): Figure => ({
  service: "AmazonDynamoDB",
  where: { productFamily: "Provisioned IOPS", group },
  quoted: /^(write|read)capacityunit-hrs$/i,
  unit,
  times: hoursAMonth,
});
export const balancer = (kind: string, usage: string, quoted: RegExp, unit: string, times = 1): Figure => ({
  service: "AWSELB",
  where: { productFamily: `Load Balancer-${kind}`, locationType: "AWS Region" },
  usage,
  quoted,
  unit,
  times,
});
export const lambda = (group: string, quoted: RegExp, unit: string, times = 1): Figure => ({
  service: "AWSLambda",
  where: { productFamily: "Serverless", group },
  quoted,
  unit,
  times,
});
