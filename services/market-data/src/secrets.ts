import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { SecretName, SecretSource } from "./config";

/** What reads one Secrets Manager secret's text. */
export type ReadSecretText = (secretId: string) => Promise<string>;

/** Reads through the instance's or task's role; throws when the secret has no text. */
export function secretsManager(client = new SecretsManagerClient({})): ReadSecretText {
  return async (secretId) => {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    if (answer.SecretString === undefined) throw new Error(`Secret ${secretId} holds no text`);
    return answer.SecretString;
  };
}

/** How long a value that came from a reference is used before it is read again: rotation reaches new connections. */
const rereadMilliseconds = 60_000;

/**
 * Values of secrets, read when they are needed and kept for a minute, so that a rotated database or Redis password is
 * picked up by the next connection without a restart. `onValue` sees every value, for redaction.
 */
export class Secrets {
  readonly #kept = new Map<SecretName, { value: string; until: number }>();

  constructor(
    private readonly sources: Readonly<Partial<Record<SecretName, SecretSource>>>,
    private readonly readText: ReadSecretText,
    private readonly onValue: (value: string) => void,
  ) {
    for (const source of Object.values(sources)) if ("value" in source) onValue(source.value);
  }

  async get(name: SecretName): Promise<string> {
    const value = await this.find(name);
    if (value === undefined) throw new Error(`Secret ${name} is not configured`);
    return value;
  }

  async find(name: SecretName): Promise<string | undefined> {
    const source = this.sources[name];
    if (source === undefined) return undefined;
    if ("value" in source) return source.value;
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.until > Date.now()) return kept.value;
    const value = pick(await this.readText(referenceId(source.reference)), source.reference);
    this.onValue(value);
    this.#kept.set(name, { value, until: Date.now() + rereadMilliseconds });
    return value;
  }
}

const referenceId = (reference: string) => reference.split("#", 1)[0] ?? reference;

function pick(text: string, reference: string): string {
  const key = reference.split("#")[1];
  if (key === undefined) return text;
  let found: unknown;
  try {
    found = (JSON.parse(text) as Record<string, unknown>)[key];
  } catch {
    throw new Error(`Secret ${referenceId(reference)} is not JSON, but key ${key} of it is asked for`);
  }
  if (typeof found !== "string" && typeof found !== "number") {
    throw new Error(`Secret ${referenceId(reference)} has no key ${key}`);
  }
  return String(found);
}
