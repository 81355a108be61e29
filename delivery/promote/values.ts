/** Which settings of a stack file are proven by running: images of machines and containers, and sizes. Pure. */

export const kinds = ["ami", "image", "size"] as const;
export type Kind = (typeof kinds)[number];

/** Settings that say how large something is. Counts and limits are a stage's own and stay there. */
const sizes = new Set([
  "instanceType",
  "instanceTypes",
  "instanceClass",
  "nodeType",
  "cpuUnits",
  "memoryMiB",
  "rootVolumeGiB",
  "dataVolumeGiB",
  "storageGiB",
  "maxStorageGiB",
]);

/** What a setting proves, by its path. */
export function kindOf(path: readonly string[]): Kind | undefined {
  const last = path.at(-1) ?? "";
  const image = path.at(-2) === "image";
  if (last === "ami") return "ami";
  if (last === "image" || (image && ["digest", "tag"].includes(last))) return "image";
  if (path.length > 2 && path.at(-2) === "images") return "image";
  return sizes.has(last) ? "size" : undefined;
}

/** One setting with its value, by the path of its keys. */
export interface Setting {
  readonly path: readonly string[];
  readonly kind: Kind;
  readonly value: unknown;
}

export type Values = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Values {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** The value at a path, undefined where there is none. */
export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), value);
}

/** Every setting of the wanted kinds in a configuration, sections in order. Lists are values, not places. */
export function settingsOf(config: Values, project: string, wanted: readonly Kind[]): Setting[] {
  const found: Setting[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    const kind = path.length > 1 ? kindOf(path) : undefined;
    if (kind !== undefined && !isObject(value)) {
      if (wanted.includes(kind)) found.push({ path, kind, value });
    } else if (isObject(value)) for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  for (const [key, value] of Object.entries(config)) {
    if (!key.startsWith(`${project}:`) || key === `${project}:policies`) continue;
    if (isObject(value) && value.enabled !== false) walk(value, [key]);
  }
  return found;
}

/** A path as the stack file's reader writes it: `fleet.ami`. */
export const shownPath = (path: readonly string[]): string =>
  [(path[0] ?? "").replace(/^[^:]*:/, ""), ...path.slice(1)].join(".");
