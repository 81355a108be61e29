/** Recorded resources as the analyzer's protocol carries them. */
import * as pulumi from "@pulumi/pulumi";
import * as analyzerProto from "@pulumi/pulumi/proto/analyzer_pb";
import { specialArchiveSig, specialAssetSig, specialSigKey, unknownValue } from "@pulumi/pulumi/runtime/rpc";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import type { RecordedResource } from "../evaluate/monitor";

/** An asset or archive, of which a policy sees no more than where it comes from. */
function assetToWire(asset: pulumi.asset.Asset | pulumi.asset.Archive): JavaScriptValue {
  const fields = asset as unknown as { path?: string; text?: string; uri?: string; assets?: unknown };
  const signature = pulumi.asset.Asset.isInstance(asset) ? specialAssetSig : specialArchiveSig;
  if (typeof fields.path === "string") return { [specialSigKey]: signature, path: fields.path };
  if (typeof fields.text === "string") return { [specialSigKey]: signature, text: fields.text || " " };
  if (typeof fields.uri === "string") return { [specialSigKey]: signature, uri: fields.uri };
  return { [specialSigKey]: specialArchiveSig, path: "." };
}

/** A recorded value; secrets keep their marks, so that the pack unwraps them as it does for the engine. */
export function toWire(value: unknown): JavaScriptValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object") return unknownValue;
  if (pulumi.asset.Asset.isInstance(value) || pulumi.asset.Archive.isInstance(value)) return assetToWire(value);
  if (pulumi.Output.isInstance(value) || pulumi.Resource.isInstance(value) || pulumi.containsUnknowns(value)) {
    return containsOwn(value) ? recordToWire(value) : unknownValue;
  }
  return recordToWire(value);
}

/** True for a plain object, whose fields are looked at one by one. */
function containsOwn(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function recordToWire(record: Readonly<Record<string, unknown>>): Record<string, JavaScriptValue> {
  const wire: Record<string, JavaScriptValue> = {};
  for (const [key, value] of Object.entries(record)) if (value !== undefined) wire[key] = toWire(value);
  return wire;
}

function optionsOf(resource: RecordedResource): analyzerProto.AnalyzerResourceOptions {
  const options = new analyzerProto.AnalyzerResourceOptions();
  options.setProtect(resource.protect);
  options.setParent(resource.parent ?? "");
  return options;
}

/** The request that asks for one resource, and the resource for the stack's request; both share the properties. */
export function toRequests(resource: RecordedResource): {
  request: analyzerProto.AnalyzeRequest;
  stackResource: analyzerProto.AnalyzerResource;
} {
  const properties = Struct.fromJavaScript(recordToWire(resource.inputs));
  const options = optionsOf(resource);
  const request = new analyzerProto.AnalyzeRequest();
  const stackResource = new analyzerProto.AnalyzerResource();
  for (const message of [request, stackResource]) {
    message.setUrn(resource.urn);
    message.setType(resource.type);
    message.setName(resource.name);
    message.setProperties(properties);
    message.setOptions(options);
  }
  stackResource.setParent(resource.parent ?? "");
  stackResource.setDependenciesList([...resource.dependencies]);
  for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
    const dependencies = new analyzerProto.AnalyzerPropertyDependencies();
    dependencies.setUrnsList([...urns]);
    stackResource.getPropertydependenciesMap().set(property, dependencies);
  }
  return { request, stackResource };
}
