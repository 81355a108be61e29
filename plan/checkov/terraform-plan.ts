/** A plan in the shape of `terraform show -json`, for tools that read nothing else. */
import type { Plan, PlannedResource } from "../json";
import { effectiveInputs } from "./effective";
import { terraformInput, terraformType } from "./terraform-names";

type Values = Record<string, unknown>;

interface Address {
  readonly address: string;
  readonly mode: "managed";
  readonly type: string;
  readonly name: string;
}
interface TerraformResource extends Address {
  readonly provider_name: string;
  /** Inputs whose value is known before the deployment. */
  readonly values: Values;
}
interface TerraformConfiguration extends Address {
  readonly provider_config_key: string;
  /** Where an input comes from, by input. */
  readonly expressions: Readonly<Record<string, { readonly references: readonly string[] }>>;
}

export interface TerraformPlan {
  readonly format_version: string;
  readonly terraform_version: string;
  readonly planned_values: { readonly root_module: { readonly resources: readonly TerraformResource[] } };
  readonly configuration: { readonly root_module: { readonly resources: readonly TerraformConfiguration[] } };
}

const provider = "registry.terraform.io/hashicorp/aws";

const isObject = (value: unknown): value is Values =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const isBlocks = (value: unknown): value is Values[] =>
  Array.isArray(value) && value.length > 0 && value.every(isObject);

/** Maps of a user's own keys, which stay as they are. */
const maps = new Set(["tags", "volumeTags", "clusterTags", "variables", "dimensions", "labels"]);
/** Documents that Terraform holds as text. */
const documents = new Set(["policy", "assumeRolePolicy", "containerDefinitions", "definition"]);

/** Inputs as Terraform writes them: a block is always a list of objects. */
function blocks(type: string, inputs: Values): Values {
  const result: Values = {};
  for (const [name, value] of Object.entries(inputs)) {
    const key = terraformInput(type, name, isBlocks(value));
    if (documents.has(name) && typeof value === "object") result[key] = JSON.stringify(value);
    else if (isBlocks(value)) result[key] = value.map((one) => blocks(type, one));
    else if (!isObject(value) || maps.has(name)) result[key] = value;
    else result[key] = "archive" in value || "asset" in value ? `${name}.zip` : [blocks(type, value)];
  }
  return result;
}

/** A value that is nothing but another resource's output, which Terraform knows only after the deployment. */
function isOutput(value: unknown): boolean {
  if (typeof value === "string") return !/^[{[]|\n/.test(value);
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
}

/** Names as Terraform allows them, each once a type. */
function addressesOf(resources: readonly PlannedResource[]): Map<string, Address> {
  const taken = new Set<string>();
  const found = new Map<string, Address>();
  for (const { urn, type: token, name: given } of resources) {
    const type = terraformType(token);
    if (!type) continue;
    const base = given.replace(/[^\w-]/g, "_").replace(/^(?=[^A-Za-z_])/, "_");
    let name = base;
    for (let count = 2; taken.has(`${type}.${name}`); count++) name = `${base}_${count}`;
    taken.add(`${type}.${name}`);
    found.set(urn, { address: `${type}.${name}`, mode: "managed", type, name });
  }
  return found;
}

/** Turns a plan into the shape of Terraform's; what AWS's provider for Terraform has no type for is left out. */
export function toTerraformPlan(plan: Plan): TerraformPlan {
  const byUrn = new Map(plan.resources.map((resource) => [resource.urn, resource]));
  const addresses = addressesOf(plan.resources);
  const planned: TerraformResource[] = [];
  const configuration: TerraformConfiguration[] = [];
  for (const resource of plan.resources) {
    const at = addresses.get(resource.urn);
    if (!at) continue;
    const inputs = effectiveInputs(resource, byUrn);
    const expressions: Record<string, { references: string[] }> = {};
    const outputs = new Set<string>();
    for (const [property, urns] of Object.entries(resource.propertyDependencies)) {
      const targets = urns.flatMap((urn) => addresses.get(urn)?.address ?? []);
      if (targets.length === 0) continue;
      const references = targets.flatMap((target) => [`${target}.id`, target]);
      expressions[terraformInput(at.type, property, isBlocks(inputs[property]))] = { references };
      if (isOutput(inputs[property])) outputs.add(property);
    }
    const known = Object.entries(inputs).filter(([name]) => !outputs.has(name));
    planned.push({ ...at, provider_name: provider, values: blocks(at.type, Object.fromEntries(known)) });
    configuration.push({ ...at, provider_config_key: "aws", expressions });
  }
  return {
    format_version: "1.2",
    terraform_version: "1.9.0",
    planned_values: { root_module: { resources: planned } },
    configuration: { root_module: { resources: configuration } },
  };
}
