/** What a plan registers, registered again without any code of this platform: what its components cost beside that. */
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as rpc from "@pulumi/pulumi/runtime/rpc";
import type { RecordedResource } from "../../plan/evaluate/monitor";
import type { Evaluation } from "../../plan/evaluate/program";
import { projectRoot } from "../../plan/settings/project";

export type Recorded = Pick<Evaluation, "resources" | "region">;

/** A resource with no class of its own. */
class Bare extends pulumi.CustomResource {}

/** A path of the platform's program, which runs in the project's folder: the bare one runs elsewhere. */
const inProject = (file: string) => path.resolve(projectRoot(), file);

/** A value that was written as JSON, with its secrets, assets and archives as a program has them. */
function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  const object = value as Record<string, unknown>;
  if (object[rpc.specialSigKey] === rpc.specialSecretSig) return pulumi.secret(revive(object.value));
  if (object.__pulumiArchive === true) {
    return typeof object.path === "string"
      ? new pulumi.asset.FileArchive(inProject(object.path))
      : new pulumi.asset.AssetArchive(revive(object.assets) as pulumi.asset.AssetMap);
  }
  if (object.__pulumiAsset === true) {
    return typeof object.path === "string"
      ? new pulumi.asset.FileAsset(inProject(object.path))
      : new pulumi.asset.StringAsset(String(object.text));
  }
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, revive(item)]));
}

/** What a program writes for a property that names other resources: a value that waits for them. */
function referring(values: readonly pulumi.Resource[], value: unknown): unknown {
  return values.length === 0 ? value : pulumi.all(values.map(({ urn }) => urn)).apply(() => value);
}

/**
 * The same resources without this platform's code: each registered by its type and inputs, below the same parent, with the
 * same properties waiting for the resources that they name.
 */
export function bareProgram(resources: readonly RecordedResource[], version?: string): () => void {
  return () => {
    const made = new Map<string, pulumi.Resource>();
    const known = new Set(resources.map(({ urn }) => urn));
    const pending = [...resources];
    // What a resource refers to comes first; a few passes find an order.
    while (pending.length > 0) {
      for (const resource of pending.splice(0)) {
        const parent = resource.parent === null ? undefined : made.get(resource.parent);
        if (resource.parent !== null && !parent) {
          pending.push(resource);
          continue;
        }
        const waitsFor = Object.values(resource.propertyDependencies).flat();
        if (waitsFor.some((urn) => known.has(urn) && !made.has(urn))) {
          pending.push(resource);
          continue;
        }
        const options = { ...(parent && { parent }), ...(version && resource.custom && { version }) };
        const inputs = Object.fromEntries(
          Object.entries(resource.inputs).map(([name, value]) => {
            const named = (resource.propertyDependencies[name] ?? []).flatMap((urn) => made.get(urn) ?? []);
            return [name, referring(named, revive(value))];
          }),
        );
        made.set(
          resource.urn,
          resource.custom
            ? new Bare(resource.type, resource.name, inputs, options)
            : new pulumi.ComponentResource(resource.type, resource.name, {}, options),
        );
      }
    }
  };
}
