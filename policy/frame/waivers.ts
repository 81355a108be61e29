/** Waivers: who lets which violation stand, why and until when. */
import { asDay, isDay } from "../../config/day";

export interface Waiver {
  /** Name of the policy. */
  readonly policy: string;
  /** Logical name or URN of the resource; `*` stands for any characters. */
  readonly resource: string;
  readonly reason: string;
  readonly owner: string;
  /** Last day on which it holds, `2027-01-31`. */
  readonly expires: string;
}

/** A waiver that cannot be accepted, and why. */
export interface RefusedWaiver {
  readonly where: string;
  readonly problem: string;
}

/** Reads waivers from configuration. What is incomplete is refused, never half-accepted. */
export function readWaivers(
  raw: unknown,
  where: string,
  policy?: string,
): { waivers: Waiver[]; refused: RefusedWaiver[] } {
  const waivers: Waiver[] = [];
  const refused: RefusedWaiver[] = [];
  if (raw === undefined || raw === null) return { waivers, refused };
  if (!Array.isArray(raw)) return { waivers, refused: [{ where, problem: "is not a list" }] };
  raw.forEach((item: unknown, index) => {
    const path = `${where}[${index}]`;
    const fields: Record<string, unknown> = {
      ...(item !== null && typeof item === "object" ? item : {}),
      ...(policy ? { policy } : {}),
    };
    const missing = ["policy", "resource", "reason", "owner", "expires"].filter((field) => {
      const value = fields[field];
      return typeof value !== "string" || value.trim() === "";
    });
    if (missing.length > 0) refused.push({ where: path, problem: `has no ${missing.join(", no ")}` });
    else if (!isDay(asDay(fields.expires as string)))
      refused.push({ where: path, problem: "expires is not a date (2027-01-31)" });
    else waivers.push({ ...fields, expires: asDay(fields.expires as string) } as Waiver);
  });
  return { waivers, refused };
}

/** A pattern where `*` stands for any characters, as a test. */
export function globTest(pattern: string): (text: string) => boolean {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const source = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const regex = new RegExp(`^${source.join(".*")}$`, "s");
  return (text) => regex.test(text);
}

/** True for a waiver whose last day is over. */
export function isExpired(waiver: Waiver, today: string): boolean {
  return waiver.expires < today;
}

/** Waivers by policy, each with its compiled pattern, and whether it was ever needed. */
export class WaiverBook {
  readonly #byPolicy = new Map<string, { waiver: Waiver; matches: (text: string) => boolean }[]>();
  readonly #used = new Set<Waiver>();

  constructor(readonly waivers: readonly Waiver[]) {
    for (const waiver of waivers) {
      const list = this.#byPolicy.get(waiver.policy) ?? [];
      list.push({ waiver, matches: globTest(waiver.resource) });
      this.#byPolicy.set(waiver.policy, list);
    }
  }

  /** The waiver that covers a violation; one that still holds goes before one that is over. */
  find(policy: string, resource: { readonly urn: string; readonly name: string }, today: string): Waiver | undefined {
    const found = (this.#byPolicy.get(policy) ?? [])
      .filter(({ matches }) => matches(resource.name) || matches(resource.urn))
      .map(({ waiver }) => waiver);
    const best = found.find((waiver) => !isExpired(waiver, today)) ?? found[0];
    if (best) this.#used.add(best);
    return best;
  }

  /** Waivers that no violation has asked for. */
  unused(): Waiver[] {
    return this.waivers.filter((waiver) => !this.#used.has(waiver));
  }
}
