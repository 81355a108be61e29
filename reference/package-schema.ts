/** The schema of the component package: what `pulumi package add` makes an SDK of, read from the components' types. */
import { readFileSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { projectRoot } from "../plan/settings/project";

/** A property of Pulumi's package schema. */
type Spec = Readonly<Record<string, unknown>>;

const packageName = "trading-platform";
const any: Spec = { $ref: "pulumi.json#/Any" };

const has = (type: ts.Type, flag: ts.TypeFlags) => (type.flags & flag) !== 0;
const membersOfUnion = (type: ts.Type) => (type.isUnion() ? type.types : [type]);
const isEmpty = (type: ts.Type) => has(type, ts.TypeFlags.Undefined | ts.TypeFlags.Void | ts.TypeFlags.Null);
const pascal = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function isOutput(type: ts.Type): boolean {
  if (type.isIntersection()) return type.types.some(isOutput);
  return ["OutputInstance", "Output"].includes((type.getSymbol() ?? type.aliasSymbol)?.getName() ?? "");
}

const isPromise = (type: ts.Type) => type.getSymbol()?.getName() === "Promise";

/** Words of a doc comment in one line, with what a literal union allows. */
function description(symbol: ts.Symbol, checker: ts.TypeChecker, allowed: readonly string[]): Spec {
  const words = ts.displayPartsToString(symbol.getDocumentationComment(checker)).replace(/\s+/g, " ").trim();
  const oneOf = allowed.length > 0 ? `One of ${allowed.map((value) => `\`${value}\``).join(", ")}.` : "";
  const text = [words, oneOf].filter((part) => part !== "").join(" ");
  return text === "" ? {} : { description: text };
}

/** Literals that a type allows, empty where it allows more. */
function literals(type: ts.Type): string[] {
  const parts = membersOfUnion(type).filter((part) => !isEmpty(part) && !isOutput(part) && !isPromise(part));
  const values = parts.flatMap((part) =>
    part.isStringLiteral() || part.isNumberLiteral() ? [String(part.value)] : [],
  );
  return values.length === parts.length ? values : [];
}

/** Turns TypeScript's types into the schema's; what the schema cannot say exactly becomes `Any`. */
class Types {
  readonly specs: Record<string, Spec> = {};
  /** Which type has a name, as two files may each have a `Settings`. */
  private readonly names = new Map<string, ts.Type>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly at: ts.Node,
  ) {}

  /** `undefined` for what no other process can pass: functions, dates, and resources as objects. */
  of(type: ts.Type, name: string, plain: boolean): Spec | undefined {
    const parts = membersOfUnion(type).filter((part) => !isEmpty(part));
    const promise = parts.find(isPromise);
    if (promise && parts.some(isOutput)) return this.argument(promise, name);
    const output = parts.length === 1 ? parts.find(isOutput) : undefined;
    if (output) return this.argument(output.isIntersection() ? (output.types.find(isOutput) ?? output) : output, name);
    const spec = this.value(parts, name, plain);
    return spec && plain && spec !== any ? { ...spec, plain: true } : spec;
  }

  private argument(type: ts.Type, name: string): Spec | undefined {
    const inner = this.checker.getTypeArguments(type as ts.TypeReference)[0] ?? type.aliasTypeArguments?.[0];
    return inner ? this.of(inner, name, false) : any;
  }

  private value(parts: readonly ts.Type[], name: string, plain: boolean): Spec | undefined {
    const [first] = parts;
    if (!first) return any;
    if (parts.every((part) => has(part, ts.TypeFlags.StringLike))) return { type: "string" };
    if (parts.every((part) => has(part, ts.TypeFlags.BooleanLike))) return { type: "boolean" };
    if (parts.every((part) => has(part, ts.TypeFlags.NumberLike))) return { type: "number" };
    if (parts.length > 1 || !has(first, ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return any;
    return this.object(first, name, plain);
  }

  private object(type: ts.Type, name: string, plain: boolean): Spec | undefined {
    const { checker } = this;
    if (
      type.getSymbol()?.getName() === "Date" ||
      type.getCallSignatures().length > 0 ||
      type.getProperty("__pulumiResource") ||
      type.getProperty("urn")
    )
      return;
    if (checker.isArrayType(type) || checker.isTupleType(type)) {
      const items = this.of(checker.getTypeArguments(type as ts.TypeReference)[0] ?? type, `${name}Item`, plain);
      return items && { type: "array", items };
    }
    const values = checker.getIndexInfoOfType(type, ts.IndexKind.String)?.type;
    if (values) {
      const additionalProperties = this.of(values, `${name}Value`, plain);
      return additionalProperties && { type: "object", additionalProperties };
    }
    return this.named(type, name, plain);
  }

  private named(type: ts.Type, path: string, plain: boolean): Spec {
    const own = (type.aliasSymbol ?? type.getSymbol())?.getName() ?? "";
    const generic = (type.aliasTypeArguments ?? []).length > 0 || own.startsWith("__") || own === "";
    const kind = plain ? "" : "Values";
    const taken = this.names.get(`${own}${kind}`);
    const base = generic || (taken !== undefined && taken !== type) ? path : own;
    const name = `${packageName}:index:${base}${kind}`;
    if (!this.specs[name]) {
      this.names.set(`${base}${kind}`, type);
      this.specs[name] = {}; // a type may hold itself
      this.specs[name] = { type: "object", ...this.properties(type, base, plain) };
    }
    return { $ref: `#/types/${name}` };
  }

  /** The public properties of an interface or a class. */
  properties(
    type: ts.Type,
    name: string,
    plain: boolean,
    inherited = true,
  ): { properties: Record<string, Spec>; required: string[] } {
    const properties: Record<string, Spec> = {};
    const required: string[] = [];
    for (const symbol of type.getProperties().sort((a, b) => (a.getName() < b.getName() ? -1 : 1))) {
      const declared = symbol.valueDeclaration;
      if (!(symbol.flags & ts.SymbolFlags.Property) || /^(_|#)/.test(ts.symbolName(symbol))) continue;
      if (declared && ts.getCombinedModifierFlags(declared) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected))
        continue;
      if (!inherited && declared?.getSourceFile().fileName.includes("node_modules")) continue;
      const valueType = this.checker.getTypeOfSymbolAtLocation(symbol, this.at);
      const spec = this.of(valueType, name + pascal(symbol.getName()), plain);
      if (!spec) continue;
      const optional = (symbol.flags & ts.SymbolFlags.Optional) !== 0 || membersOfUnion(valueType).some(isEmpty);
      properties[symbol.getName()] = { ...spec, ...description(symbol, this.checker, literals(valueType)) };
      if (!optional) required.push(symbol.getName());
    }
    return { properties, required };
  }
}

/** The components that `components/index.ts` gives out, as classes with their arguments. */
function exported(program: ts.Program, checker: ts.TypeChecker, entry: ts.SourceFile) {
  const module = checker.getSymbolAtLocation(entry);
  return (module ? checker.getExportsOfModule(module) : []).flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const node = target.valueDeclaration;
    if (!node || !ts.isClassDeclaration(node)) return [];
    const args = node.members.find(ts.isConstructorDeclaration)?.parameters[1];
    const type = checker.getDeclaredTypeOfSymbol(target);
    return args && type.getProperty("urn") ? [{ name: symbol.getName(), target, type, args }] : [];
  });
}

/** Components, their arguments and outputs as Pulumi's package schema, in JSON. */
export function renderPackageSchema(root: string = projectRoot()): string {
  const { version, description: text } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  const config = ts.getParsedCommandLineOfConfigFile(
    path.join(root, "tsconfig.json"),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const entryFile = path.join(root, "components/index.ts");
  const program = ts.createProgram([entryFile], config?.options ?? {});
  const checker = program.getTypeChecker();
  const entry = program.getSourceFile(entryFile);
  if (!entry) throw new Error(`${entryFile} is missing`);
  const types = new Types(checker, entry);
  const resources: Record<string, Spec> = {};
  for (const { name, target, type, args } of exported(program, checker, entry)) {
    const inputs = types.properties(checker.getTypeAtLocation(args), name, true);
    resources[`${packageName}:index:${name}`] = {
      isComponent: true,
      ...description(target, checker, []),
      inputProperties: inputs.properties,
      requiredInputs: inputs.required,
      ...types.properties(type, name, false, false),
    };
  }
  const language = Object.fromEntries(
    ["nodejs", "python", "go", "csharp", "java"].map((name) => [name, { respectSchemaVersion: true }]),
  );
  const sorted = (specs: Record<string, Spec>) =>
    Object.fromEntries(Object.entries(specs).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify({ name: packageName, version, description: text, resources: sorted(resources), types: sorted(types.specs), language }, undefined, 2)}\n`;
}
