/** Keys beside the project's own: a provider's settings, or a section that a slip of the hand put where nobody reads it. */
import type { Issue } from "../components/common/validation";
import { didYouMean } from "./describe-issue";

/** Settings of the AWS provider, as `@pulumi/aws/config/vars` has them; a test holds the two together. */
export const awsSettings = [
  "accessKey",
  "allowedAccountIds",
  "assumeRoleWithWebIdentity",
  "assumeRoles",
  "customCaBundle",
  "defaultTags",
  "ec2MetadataServiceEndpoint",
  "ec2MetadataServiceEndpointMode",
  "endpoints",
  "forbiddenAccountIds",
  "httpProxy",
  "httpsProxy",
  "ignoreTags",
  "insecure",
  "maxRetries",
  "noProxy",
  "profile",
  "region",
  "retryMode",
  "s3UsEast1RegionalEndpoint",
  "s3UsePathStyle",
  "secretKey",
  "sharedConfigFiles",
  "sharedCredentialsFiles",
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
  "stsRegion",
  "tagPolicyCompliance",
  "token",
  "tokenBucketRateLimiterCapacity",
  "useDualstackEndpoint",
  "useFipsEndpoint",
  "userAgents",
] as const;

/** Settings that a provider of before knew, and that a stack file may still carry. */
const formerSettings = ["assumeRole", "dynamodbEndpoint", "s3ForcePathStyle", "skipGetEc2Platforms"];

/** Namespaces of Pulumi itself and of providers near at hand: what is under them is theirs, whatever it resembles. */
const others: ReadonlySet<string> = new Set([
  ...["pulumi", "pulumiservice", "aws-native", "awsx", "eks", "kubernetes", "docker", "docker-build", "command"],
  ...["random", "tls", "time", "std", "local", "archive", "http", "github", "gitlab", "cloudflare", "datadog"],
  ...["grafana", "pagerduty", "newrelic", "vault", "azure", "azure-native", "gcp", "google-native"],
]);

/** What a key was meant to be; undefined where it is none of ours. */
function meant(project: string, namespace: string, name: string, text: string, known: readonly string[]) {
  if (namespace === "aws") {
    if ([...awsSettings, ...formerSettings].includes(name)) return undefined;
    const close = didYouMean(name, awsSettings);
    return close && `aws:${close}`;
  }
  if (others.has(namespace)) return undefined;
  // Only a section is an object: a provider of any name may have a text called `site` or `network`.
  const isSection = known.includes(name) && text.trimStart().startsWith("{");
  if (isSection || didYouMean(namespace, [project])) return `${project}:${didYouMean(name, known) ?? name}`;
  const isAws = didYouMean(namespace, ["aws"]) && awsSettings.some((setting) => setting === name);
  return isAws ? `aws:${name}` : undefined;
}

/**
 * Mistakes among the keys that are not the project's own. A value is not shown: it may be a secret.
 * @param config namespaced keys and their text
 * @param known the project's own keys, without namespace
 */
export function strayKeys(
  project: string,
  config: Readonly<Record<string, string>>,
  known: readonly string[],
): Issue[] {
  return Object.entries(config).flatMap(([key, text]) => {
    const [namespace = "", ...rest] = key.split(":");
    if (namespace === project) return [];
    const close = meant(project, namespace, rest.join(":"), text, known);
    if (close === undefined) return [];
    const problem = namespace === "aws" ? "is no setting of the AWS provider" : "is in no namespace that is read";
    return [{ path: key, problem, fix: `Did you mean ${close}? Otherwise remove the key.` }];
  });
}
