/** Names that Pulumi gave: `<logical name>-<seven digits>`, alike in every stack of a program but for the digits. */
import { covers } from "../frame/documents";
import type { StackResource, StackView } from "../frame/policy";
import { ifKnown } from "../frame/values";

/** Kinds of things whose names are compared, with the input that fixes a name. */
const kinds = {
  s3: [["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"], "bucket"],
  secretsmanager: [["aws:secretsmanager/secret:Secret"], "name"],
  iam: [["aws:iam/role:Role"], "name"],
} as const;

type Kind = keyof typeof kinds;

const digits = /-[0-9a-f]{7}$/;

/** The same resource as another stack's Pulumi may have named it; Secrets Manager adds six characters of its own. */
const elsewhere = (logical: string) => [`${logical}-f0e1d2c`, `${logical}-f0e1d2c-AbCdEf`];

/** A stack's things that Pulumi named, by kind and logical name. */
export class OwnNames {
  readonly #byKind: ReadonlyMap<string, ReadonlyMap<string, StackResource>>;

  constructor(stack: StackView) {
    this.#byKind = new Map(
      Object.entries(kinds).map(([kind, [types, property]]) => {
        const named = stack.ofType(...types).filter(({ name, props }) => {
          const fixed = ifKnown(() => (props as Readonly<Record<string, unknown>>)[property]);
          return typeof fixed !== "string" || fixed === "" || fixed.replace(digits, "") === name;
        });
        return [kind, new Map(named.map((one) => [one.name, one]))];
      }),
    );
  }

  /**
   * The resource of this stack whose namesakes in other stacks a pattern takes in as well, or whose namesake a name is;
   * "strange" for a name of Pulumi's that this stack has nothing of. `from` is what the name was written in: a name that
   * comes from the stack's own resource is its own.
   */
  namesake(service: string, name: string, from: StackResource): StackResource | "strange" | undefined {
    const own = this.#byKind.get(service);
    if (!own) return undefined;
    if (/[*?]/.test(name)) {
      return [...own.values()].find((one) => elsewhere(one.name).some((other) => covers(name, other)));
    }
    const plain = service === "secretsmanager" ? name.replace(/-[A-Za-z0-9]{6}$/, "") : name;
    if (!digits.test(plain)) return undefined;
    const found = own.get(plain.replace(digits, ""));
    if (!found) return service === "iam" ? undefined : "strange";
    const present: unknown = ifKnown(() => found.props[kinds[service as Kind][1]]);
    const isOwn = typeof present === "string" && present !== "" ? present === plain : from.dependencies.includes(found);
    return isOwn ? undefined : found;
  }
}
