/**
 * Packages that the Pulumi SDK loads at its start for the sake of functions as resources, which nothing here makes:
 * TypeScript's compiler and npm's dependency tree, together half the time that the SDK takes to load. They are loaded
 * when they are first used.
 */
import Module from "node:module";

type Load = (request: string, parent: unknown, isMain: boolean) => unknown;

/** Stands for a module until something of it is asked for. */
function standIn(load: () => unknown): object {
  let loaded: object | undefined;
  const module = () => (loaded ??= load() as object);
  return new Proxy(Object.create(null) as object, {
    // The SDK's own import helper asks whether it is an ES module: yes keeps it from copying every property at once.
    get: (_, name) =>
      name === "__esModule" ? true : name === "default" ? module() : (Reflect.get(module(), name) as unknown),
    has: (_, name) => Reflect.has(module(), name),
    ownKeys: () => Reflect.ownKeys(module()),
    getOwnPropertyDescriptor: (_, name) => {
      const found = Reflect.getOwnPropertyDescriptor(module(), name);
      return found && { ...found, configurable: true };
    },
  });
}

/** Makes modules load at their first use, where `parent` of them is a file whose path ends so. */
export function loadLater(modules: readonly { request: string; parent: string }[]): void {
  const owner = Module as unknown as { _load: Load };
  const now = owner._load;
  owner._load = (request, parent, isMain) => {
    const file = (parent as NodeModule | null | undefined)?.filename;
    const later = modules.some((one) => one.request === request && file?.endsWith(one.parent));
    return later ? standIn(() => now(request, parent, isMain)) : now(request, parent, isMain);
  };
}

const closure = "/@pulumi/pulumi/runtime/closure";

/** What the Pulumi SDK does not need for a program that makes no functions of its own code. */
export const unusedBySdk = [
  { request: "../../typescript-shim", parent: `${closure}/parseFunction.js` },
  { request: "../../typescript-shim", parent: `${closure}/rewriteSuper.js` },
  { request: "@npmcli/arborist", parent: `${closure}/codePaths.js` },
  { request: "normalize-package-data", parent: `${closure}/codePaths.js` },
] as const;

loadLater(unusedBySdk);
