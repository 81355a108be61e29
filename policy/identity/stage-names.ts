/** Whose a name is: which stage's bucket, secret, parameter, alias or role an ARN means. */
import { covers } from "../frame/documents";

/** The stack that looks. */
export interface Looker {
  readonly project: string;
  readonly stack: string;
  readonly stage: string;
}

/** Words of names by stage. The second ones say it only where none of the first does: `live-feed-dev` is dev's. */
const stageWords: Readonly<Record<string, readonly [sure: readonly string[], likely: readonly string[]]>> = {
  dev: [["dev", "development"], []],
  qa: [["qa", "staging"], ["paper"]],
  prod: [["prod", "production"], ["live"]],
};

/** Deploy buckets, whose names are given: the one of qa has no word of its stage. */
const fixedBuckets: Readonly<Record<string, string>> = {
  dev: "algo-model-deploy-dev",
  qa: "algo-model-deploy",
  prod: "algo-model-deploy-prod",
};

const wordsOf = (name: string) => name.toLowerCase().split(/[^a-z0-9]+/);

/** The stage that a name's words speak of, if it is another than the looker's. */
function foreignWord(words: readonly string[], { stage, stack }: Looker): string | undefined {
  for (const weight of [0, 1] as const) {
    const saying = (of: string) => words.some((word) => stageWords[of]?.[weight].includes(word));
    if (saying(stage) || (weight === 0 && words.includes(stack.toLowerCase()))) return undefined;
    const other = Object.keys(stageWords).find((one) => one !== stage && saying(one));
    if (other) return other;
  }
  return undefined;
}

/** The other stage that a name speaks of, if any; of `<project>/<stack>/...` the second part decides. */
export function foreignName(name: string, looker: Looker): string | undefined {
  const [project, second = "", ...rest] = name.replace(/^\//, "").split("/");
  if (project === looker.project && rest.length > 0 && second !== looker.stack) {
    const other = foreignWord(wordsOf(second), { ...looker, stack: "" });
    if (other) return other;
  }
  return foreignWord(wordsOf(name), looker);
}

/** What an ARN of an identity policy means: the service, or a pattern of it, and the name, or a pattern of it. */
export interface Named {
  readonly service: string;
  readonly name: string;
}

/** Policy variables that say the caller's own stage or stack; any other may become anything. */
function resolved(text: string, { stage, stack }: Looker): string {
  return text
    .replace(/\$\{aws:principaltag\/(stage|stack)\}/gi, (_all, tag: string) =>
      tag.toLowerCase() === "stage" ? stage : stack,
    )
    .replace(/\$\{[^}]*\}/g, "*");
}

/** The name in an ARN, without what the service writes before it. */
export function namedBy(arn: string, looker: Looker): Named {
  const parts = resolved(arn, looker).split(":");
  const service = parts[2] ?? "*";
  if (parts.length < 6) return { service: service.replace(/\*.*$/, "*"), name: "*" };
  const resource = parts.slice(5).join(":");
  if (/^s3/.test(service)) return { service, name: /^(?:accesspoint[/:]|bucket\/)?([^/:]*)/.exec(resource)?.[1] ?? "" };
  return { service, name: resource.replace(/^(secret:|parameter\/?|role\/|alias\/)/, "") };
}

/** True for a pattern that takes every name. */
export const isAnyName = (name: string): boolean => /^[*?/]+$/.test(name);

/** Services whose names are looked at wherever they stand. */
const holding = /^(s3|s3express|s3-outposts|secretsmanager|ssm)$/;

/** The stage that the bucket, secret, parameter, key alias or role of an ARN belongs to, if it is another one. */
export function foreignStage(arn: string, looker: Looker): string | undefined {
  const { service, name } = namedBy(arn, looker);
  const isAlias = service === "kms" && arn.includes(":alias/");
  if (!holding.test(service) && service !== "iam" && !isAlias) return undefined;
  if (service === "s3") {
    const own = fixedBuckets[looker.stage];
    const other = Object.entries(fixedBuckets).find(
      ([stage, bucket]) => stage !== looker.stage && name !== own && covers(name, bucket),
    );
    if (other) return other[0];
    if (name === own) return undefined;
  }
  return foreignName(name, looker);
}
