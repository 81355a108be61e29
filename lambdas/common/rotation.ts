/** The four steps in which Secrets Manager rotates a secret, for every kind of store. */
import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  UpdateSecretVersionStageCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";

/** What Secrets Manager sends, once for each step. */
export interface RotationEvent {
  readonly Step: string;
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

/** A secret's JSON. */
export type SecretFields = Readonly<Record<string, string | number>>;

/** What is particular to one kind of store. Every method may be called again after a failure or a time-out. */
export interface RotatedStore {
  /** Field that holds the value, such as `password`. */
  readonly field: string;
  readonly length: number;
  /** Makes the store take the new value. */
  set(value: string): Promise<void>;
  /** Fails unless the store has taken it. */
  test(value: string): Promise<void>;
  /** Takes the value back that clients still have, where the test failed; a store that lets both in needs none. */
  restore?(current: string): Promise<void>;
  /** Ends what clients needed during the change. */
  finish?(value: string): Promise<void>;
}

/** What a poll ends with where the store never gets there. */
export class NotReady extends Error {
  override readonly name = "NotReady";
}

/** Asks until the answer is yes; `then` says what happens after the last time. */
export async function until(
  what: string,
  ask: () => Promise<boolean>,
  wait: (milliseconds: number) => Promise<void>,
  attempts = 50,
  then = "Secrets Manager tries again",
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await ask()) return;
    await wait(15_000);
  }
  throw new NotReady(`${what} after ${(attempts * 15) / 60} minutes; ${then}`);
}

/** Waits in real time. */
export const sleep = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });

async function read(secrets: SecretsManagerClient, id: string, stage: string, version?: string): Promise<SecretFields> {
  const { SecretString } = await secrets.send(
    new GetSecretValueCommand({ SecretId: id, VersionStage: stage, ...(version ? { VersionId: version } : {}) }),
  );
  return JSON.parse(SecretString ?? "{}") as SecretFields;
}

/** Draws the new value and keeps it beside the present one; a repeated call keeps what is there. */
async function create(secrets: SecretsManagerClient, store: RotatedStore, id: string, version: string): Promise<void> {
  try {
    await read(secrets, id, "AWSPENDING", version);
    return;
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  const current = await read(secrets, id, "AWSCURRENT");
  const { RandomPassword } = await secrets.send(
    new GetRandomPasswordCommand({
      PasswordLength: store.length,
      ExcludePunctuation: true,
      RequireEachIncludedType: true,
    }),
  );
  await secrets.send(
    new PutSecretValueCommand({
      SecretId: id,
      ClientRequestToken: version,
      SecretString: JSON.stringify({ ...current, [store.field]: RandomPassword }),
      VersionStages: ["AWSPENDING"],
    }),
  );
}

async function finish(secrets: SecretsManagerClient, id: string, version: string, currentVersion: string | undefined) {
  if (currentVersion === version) return;
  await secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: id,
      VersionStage: "AWSCURRENT",
      MoveToVersionId: version,
      RemoveFromVersionId: currentVersion,
    }),
  );
}

/** Runs one step; a step that was run before changes nothing. */
export async function rotate(secrets: SecretsManagerClient, store: RotatedStore, event: RotationEvent): Promise<void> {
  const { Step: step, SecretId: id, ClientRequestToken: version } = event;
  const { RotationEnabled, VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: id }));
  if (RotationEnabled === false) throw new Error(`rotation of ${id} is off`);
  const stages = VersionIdsToStages?.[version];
  if (!stages && step !== "createSecret") throw new Error(`${id} has no version ${version}`);
  const isCurrent = stages?.includes("AWSCURRENT") ?? false;
  if (isCurrent && step !== "finishSecret") return;
  if (stages && !isCurrent && !stages.includes("AWSPENDING")) {
    throw new Error(`the version ${version} of ${id} is not pending`);
  }
  const valueOf = async (stage: string, at?: string) => {
    const value = (await read(secrets, id, stage, at))[store.field];
    if (typeof value !== "string" || !value) throw new Error(`${id} has no field ${store.field}`);
    return value;
  };
  const pending = () => valueOf(isCurrent ? "AWSCURRENT" : "AWSPENDING", version);
  switch (step) {
    case "createSecret":
      return create(secrets, store, id, version);
    case "setSecret":
      return store.set(await pending());
    case "testSecret":
      try {
        await store.test(await pending());
      } catch (error) {
        // Clients have the current value until the last step: they are let in again, and the next try begins anew.
        await store.restore?.(await valueOf("AWSCURRENT")).catch(() => undefined);
        throw error;
      }
      return;
    case "finishSecret": {
      const current = Object.entries(VersionIdsToStages ?? {}).find(([, its]) => its.includes("AWSCURRENT"))?.[0];
      const value = await pending();
      await finish(secrets, id, version, current);
      return store.finish?.(value);
    }
    default:
      throw new Error(`no step ${step}`);
  }
}
