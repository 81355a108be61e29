import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as components from "../components";

type Component = new (name: string, args: never, opts: pulumi.ComponentResourceOptions) => pulumi.ComponentResource;

interface PackageSchema {
  readonly name: string;
  readonly version: string;
  readonly resources: Readonly<Record<string, { readonly properties: Readonly<Record<string, unknown>> }>>;
}

const schemaText = readFileSync(path.join(__dirname, "schema.json"), "utf8");

/** Reports what a component refuses as Pulumi reports wrong inputs: one line a mistake, without a stack trace. */
function refusal(error: unknown): Error {
  if (!(error instanceof components.ValidationError)) return error instanceof Error ? error : new Error(String(error));
  return new pulumi.InputPropertiesError({ message: error.message, errors: [] });
}

/**
 * Makes the components of `components/index.ts` for programs in any of Pulumi's languages, as `pulumi package add` runs
 * it. Its schema is `schema.json`, made from the components' types by `npm run docs`: Pulumi's own analyser of
 * TypeScript knows neither read-only lists nor unions of literals, which decide how many resources a component makes.
 */
class PlatformProvider implements pulumi.provider.Provider {
  private readonly known = JSON.parse(schemaText) as PackageSchema;
  readonly version = this.known.version;

  getSchema = (): Promise<string> => Promise.resolve(schemaText);

  construct = (
    name: string,
    type: string,
    inputs: pulumi.Inputs,
    options: pulumi.ComponentResourceOptions,
  ): Promise<pulumi.provider.ConstructResult> => {
    const outputs = this.known.resources[type]?.properties;
    if (!outputs) {
      const all = Object.keys(this.known.resources).join(", ");
      return Promise.reject(new Error(`${this.known.name} has no component ${type}; it has ${all}`));
    }
    const made = (components as unknown as Record<string, Component>)[type.split(":").at(-1) ?? ""];
    if (!made) return Promise.reject(new Error(`schema.json names ${type}, which is gone: npm run docs`));
    try {
      const component = new made(name, inputs as never, options);
      const values = component as unknown as Record<string, unknown>;
      const state = Object.fromEntries(Object.keys(outputs).map((key) => [key, values[key]]));
      return Promise.resolve({ urn: component.urn, state });
    } catch (error) {
      return Promise.reject(refusal(error));
    }
  };
}

/** Serves the components to the engine that started this process. */
export const serve = () => pulumi.provider.main(new PlatformProvider(), process.argv.slice(2));
