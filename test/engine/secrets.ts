import { secretTexts } from "../../sandbox/fill-secrets";
import type { LiveStack } from "./live-stack";

/** A secret that a stack holds, as it reads in clear text. */
export interface PlainSecret {
  readonly of: string;
  readonly value: string;
}

/** Shortest text that is looked for; a shorter one would be found by chance. */
const shortest = 12;

/** Inputs of these names are secrets, whatever their provider says. */
const secretInputs = new Set(["password", "authToken", "secretString", "passwords"]);

function leaves(value: unknown): string[] {
  if (typeof value === "string") {
    try {
      const parsed: unknown = JSON.parse(value);
      if (parsed !== null && typeof parsed === "object") return [value, ...leaves(parsed)];
    } catch {
      // not JSON: the text itself
    }
    return [value];
  }
  if (Array.isArray(value)) return value.flatMap(leaves);
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(leaves) : [];
}

/** The clear texts of a stack's secrets, decrypted with its passphrase: passwords, tokens and the values of its secrets. */
export async function plainSecrets(stack: LiveStack): Promise<PlainSecret[]> {
  const found: PlainSecret[] = [];
  for (const { urn, inputs } of await stack.engine.resources()) {
    for (const [name, value] of Object.entries(inputs ?? {})) {
      if (!secretInputs.has(name)) continue;
      for (const text of leaves(unwrap(value))) {
        if (looksSecret(text)) found.push({ of: `${urn} ${name}`, value: text });
      }
    }
  }
  if (stack.against === "stand-in provider") return found;
  for (const [name, text] of await secretTexts(stack.endpoint)) {
    for (const value of leaves(text)) if (looksSecret(value)) found.push({ of: name, value });
  }
  return found;
}

/** Long enough, and not a plain name such as a user's. */
const looksSecret = (text: string): boolean => text.length >= shortest && !/^[a-z][\w.-]*$/.test(text);

/** The value inside the engine's mark of a secret. */
function unwrap(value: unknown): unknown {
  if (value !== null && typeof value === "object" && "plaintext" in value) return JSON.parse(String(value.plaintext));
  return value;
}
