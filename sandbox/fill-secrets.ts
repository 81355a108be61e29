import {
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { randomBytes } from "node:crypto";
import { placeholder } from "../components/common/placeholder";
import { emulatorAccess } from "./emulator-access";

/** A made-up value: nobody's key, and not the same twice. */
const madeUp = (): string => `sandbox-${randomBytes(18).toString("base64url")}`;

const clientOf = (endpoint: string) => new SecretsManagerClient(emulatorAccess(endpoint));

/** Name and text of every secret that an emulator holds; one without a version yet is left out. */
export async function secretTexts(endpoint: string): Promise<[name: string, text: string][]> {
  const client = clientOf(endpoint);
  const texts: [string, string][] = [];
  let NextToken: string | undefined;
  do {
    const page = await client.send(new ListSecretsCommand({ NextToken }));
    for (const { Name = "" } of page.SecretList ?? []) {
      const text = await client.send(new GetSecretValueCommand({ SecretId: Name })).then(
        ({ SecretString }) => SecretString,
        () => undefined, // no version yet
      );
      if (text !== undefined) texts.push([Name, text]);
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return texts;
}

/**
 * Fills the secrets that a stack leaves to people with made-up values, as they would with real ones. Returns the names of
 * those that it filled; one that holds no placeholder is left alone.
 */
export async function fillSecrets(endpoint: string): Promise<string[]> {
  const open = (await secretTexts(endpoint)).filter(([, text]) => text.includes(placeholder));
  for (const [SecretId, text] of open) {
    const SecretString = text.replaceAll(placeholder, () => madeUp());
    await clientOf(endpoint).send(new PutSecretValueCommand({ SecretId, SecretString }));
  }
  return open.map(([name]) => name);
}
