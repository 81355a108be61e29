import { EvaluationError, UsageError } from "../common/command";
import types from "./types.json";
import { importId } from "./import-ids";

const tokens = types as Readonly<Record<string, string>>;

/** One resource of an import file: what `pulumi import --file` reads. */
export interface ImportResource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

export interface ImportFile {
  readonly resources: readonly ImportResource[];
}

/** A resource that is not imported, and why. */
export interface NotImported {
  readonly address: string;
  readonly reason: string;
}

interface Instance {
  readonly index_key?: string | number;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly deposed?: string;
}

interface StateResource {
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly module?: string;
  readonly provider?: string;
  readonly instances?: readonly Instance[];
}

/** A state of Terraform in the form of version 4: every Terraform since 0.12 writes it. @throws UsageError */
export function parseState(text: string, shown: string): readonly StateResource[] {
  let state: { version?: unknown; resources?: unknown };
  try {
    state = JSON.parse(text) as typeof state;
  } catch {
    throw new UsageError(`--state ${shown}: is not JSON\n  fix: terraform state pull > ${shown}`);
  }
  if (state.version !== 4 || !Array.isArray(state.resources)) {
    throw new UsageError(
      `--state ${shown}: is not a state of Terraform in version 4, but ${JSON.stringify(state.version)}\n  fix: terraform state pull > ${shown}, with Terraform 0.12 or newer`,
    );
  }
  return state.resources as StateResource[];
}

/** Address of an instance as Terraform writes it: `module.vpc.aws_subnet.app["a"]`. */
function addressOf({ module, type, name }: StateResource, { index_key: key }: Instance): string {
  const index = key === undefined ? "" : `[${JSON.stringify(key)}]`;
  return `${module ? `${module}.` : ""}${type}.${name}${index}`;
}

/** A logical name from an address: its words with dashes, without the type. */
function nameOf({ module = "", name }: StateResource, { index_key: key }: Instance): string {
  const modules = module.replace(/(^|\.)module\./g, "$1");
  const words = [modules, name, key === undefined ? "" : String(key)].join("-");
  return words
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .toLowerCase();
}

/**
 * Turns the resources of a state into an import file: type, name and id of each that Pulumi's aws provider knows. Every
 * other one is named with the reason. Pure.
 */
export function convertState(resources: readonly StateResource[]): { file: ImportFile; left: NotImported[] } {
  const left: NotImported[] = [];
  const found: ImportResource[] = [];
  const names = new Map<string, number>();
  for (const resource of resources) {
    for (const instance of resource.instances ?? []) {
      const address = addressOf(resource, instance);
      const type = tokens[resource.type];
      const problem = whyNot(resource, instance, type);
      if (problem !== undefined) {
        left.push({ address, reason: problem });
        continue;
      }
      const id = importId(resource.type, instance.attributes ?? {});
      if (id === undefined) {
        left.push({ address, reason: "its id for an import cannot be told from the state" });
        continue;
      }
      const base = nameOf(resource, instance);
      const times = (names.get(`${type} ${base}`) ?? 0) + 1;
      names.set(`${type} ${base}`, times);
      found.push({ type: type ?? "", name: times === 1 ? base : `${base}-${times}`, id });
    }
  }
  return { file: { resources: found }, left };
}

function whyNot({ mode, type }: StateResource, instance: Instance, token: string | undefined): string | undefined {
  if (mode === "data") return "is a data source: the program looks it up itself";
  if (instance.deposed !== undefined) return "is deposed: terraform apply removes it first";
  if (token === undefined) {
    return type.startsWith("aws_") ? `Pulumi's aws provider has no ${type}` : `${type} is not of the aws provider`;
  }
  return undefined;
}

/** Refuses an empty result: an import file without resources is a wrong state file more often than an empty stack. */
export function requireResources(file: ImportFile, shown: string): void {
  if (file.resources.length === 0)
    throw new EvaluationError(`--state ${shown}: holds no resource that could be imported`);
}
