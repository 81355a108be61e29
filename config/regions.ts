/** The Regions of AWS: a code that is none of them is a slip of the hand, or a Region newer than this list. */
import { didYouMean } from "./describe-issue";

/** Codes of all Regions; a test compares them with the AWS provider's own. */
export const regions: readonly string[] = [
  ...["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1"],
  ...["eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3"],
  ...["af-south-1", "il-central-1", "me-central-1", "me-south-1", "ap-east-1", "ap-east-2", "ap-south-1", "ap-south-2"],
  ...["ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"],
  ...["ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "cn-north-1", "cn-northwest-1"],
  ...["us-gov-east-1", "us-gov-west-1", "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1"],
  ...["us-isof-east-1", "us-isof-south-1", "eu-isoe-west-1", "eusc-de-east-1"],
];

const form = /^[a-z]{2}(-[a-z]+)+-\d$/;

const areas = new Set(regions.map((code) => code.split("-")[0]));
/** Words such as `east`, `northeast` and `gov`. A code made of them alone may be a new Region. */
const directions = [
  ...new Set([...regions.flatMap((code) => code.split("-").slice(1, -1)), "northwest", "southwest"]),
].filter((word) => word.length > 2);

/** Whether a text is a Region, a slip of the hand near one, or has the form of one that is newer than the list. */
export function judgeRegion(code: string): { is: "known" | "unknown" } | { is: "wrong"; meant: string | undefined } {
  if (regions.includes(code)) return { is: "known" };
  const meant = didYouMean(code, regions);
  if (!form.test(code)) return { is: "wrong", meant };
  const swapped = code.replace(/^(.)(.)/, "$2$1");
  if (regions.includes(swapped)) return { is: "wrong", meant: swapped };
  const [area, ...rest] = code.split("-").slice(0, -1);
  const misspelt = rest.some((word) => !directions.includes(word) && didYouMean(word, directions));
  return areas.has(area) && misspelt && meant ? { is: "wrong", meant } : { is: "unknown" };
}
