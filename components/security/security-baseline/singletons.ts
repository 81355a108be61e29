import { throwIfAny } from "../../common/validation";

/** What an account and Region can hold only once; a second one is refused by AWS, or fights the first. */
export const singletons = ["detector", "recorder", "securityHub", "accessAnalyzer", "accountSettings"] as const;
export type Singleton = (typeof singletons)[number];

/**
 * `create` makes and owns it; `adopt` uses the one there is and leaves it alone; `skip` does without; `auto` creates where
 * there is none, or where this stack made it, and adopts otherwise.
 */
export const ownerships = ["auto", "create", "adopt", "skip"] as const;
export type Ownership = (typeof ownerships)[number];
export type Decision = Exclude<Ownership, "auto">;

/** Ids of what the account holds already; absent where there is none. */
export type Existing = Readonly<Partial<Record<Singleton, string>>>;

/** Decides each singleton; `ours` names those that this stack created in its last deployment. */
export function decideSingletons(
  wanted: Readonly<Record<Singleton, Ownership>>,
  existing: Existing,
  ours: readonly string[],
): Record<Singleton, Decision> {
  const decide = (one: Singleton): Decision => {
    const mine = ours.includes(one);
    if (wanted[one] === "auto") return existing[one] !== undefined && !mine ? "adopt" : "create";
    return wanted[one];
  };
  const decisions = Object.fromEntries(singletons.map((one) => [one, decide(one)])) as Record<Singleton, Decision>;
  throwIfAny(
    "Security baseline",
    singletons.flatMap((one) => {
      const mine = ours.includes(one);
      if (decisions[one] === "create" && existing[one] !== undefined && !mine) {
        return [
          {
            path: `security.singletons.${one}`,
            problem: `would be a second one: the account and Region hold ${existing[one]}`,
            value: "create",
            allowed: "auto, adopt or skip",
            fix: "Set it to adopt, or import the existing one with pulumi import.",
          },
        ];
      }
      if (decisions[one] === "adopt" && existing[one] === undefined && one !== "accountSettings") {
        return [
          {
            path: `security.singletons.${one}`,
            problem: "is to be adopted, and the account and Region hold none",
            value: "adopt",
            allowed: "auto, create or skip",
            fix: "Set it to auto.",
          },
        ];
      }
      return [];
    }),
  );
  return decisions;
}
