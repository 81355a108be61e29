import type { PlannedResource } from "./plans";

/** Properties that fix a resource's physical name, where a program sets one. */
const nameProperties = ["name", "bucket", "identifier", "replicationGroupId", "repositoryName", "webAclName"] as const;

/** Elsewhere `bucket` is a reference to another resource. */
const ownsBucket = new Set(["aws:s3/bucket:Bucket"]);

/** The name that the program fixes, if any. */
function fixedName({ type, inputs }: PlannedResource): string | undefined {
  for (const property of nameProperties) {
    if (property === "bucket" && !ownsBucket.has(type)) continue;
    const value = inputs[property];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** First word of a logical name: the component that stands right below the stack. */
const component = (name: string): string => /^[A-Za-z0-9]+/.exec(name)?.[0] ?? name;

/** Folder of a name with slashes: `/trading-platform/qa/fleet` lies in `/trading-platform/qa/`. */
function folder(name: string): string | undefined {
  const parts = name.replace(/^\//, "").split("/");
  if (parts.length < 2) return undefined;
  return `${name.startsWith("/") ? "/" : ""}${parts.slice(0, Math.min(2, parts.length - 1)).join("/")}/*`;
}

/** True for a pattern that another one of the list covers. */
const covered = (pattern: string, others: readonly string[]) =>
  others.some((other) => other !== pattern && other.endsWith("*") && pattern.startsWith(other.slice(0, -1)));

/**
 * Patterns of the physical names of some resources. Pulumi names a resource by its logical name, a dash and seven random
 * characters, so one pattern a component covers what it makes; a name that the program fixes stands as it is, one with
 * slashes by its folder. `grows`: AWS adds to the names of this service.
 */
export function namePatterns(resources: readonly PlannedResource[], grows = false): string[] {
  const patterns = new Set<string>();
  for (const resource of resources) {
    const fixed = fixedName(resource);
    if (fixed === undefined) patterns.add(`${component(resource.name)}-*`);
    else patterns.add(folder(fixed) ?? (grows ? `${fixed}*` : fixed));
  }
  const all = [...patterns];
  return all.filter((pattern) => !covered(pattern, all)).sort();
}
