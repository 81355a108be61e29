import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { lookup } from "node:dns/promises";
import * as path from "node:path";
import { startEmulator } from "./emulator";
import type { SandboxStack } from "./project";

/** The emulator that holds a stack between two commands. */
interface Recorded {
  readonly endpoint: string;
  /** Process that the sandbox started; undefined where the endpoint was given. */
  readonly processId?: number;
}

const recordFile = (stack: SandboxStack) => path.join(stack.folder, "emulator.json");

function recorded(stack: SandboxStack): Recorded | undefined {
  const file = recordFile(stack);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Recorded) : undefined;
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(10_000) });
    return true;
  } catch {
    return false;
  }
}

/** An emulator for a stack, and whether it is the one that held the stack before. */
export interface StackEmulator {
  readonly endpoint: string;
  /** False for one that was started now and is empty. */
  readonly kept: boolean;
}

/**
 * The emulator of a stack: the one of the last command where it still answers, else a new one that stays in the background,
 * for what it holds lives in its memory only. `AWS_ENDPOINT_URL` goes before both.
 */
export async function emulatorOf(stack: SandboxStack, progress: (line: string) => void): Promise<StackEmulator> {
  const last = recorded(stack);
  const given = process.env.AWS_ENDPOINT_URL;
  if (last && (!given || given === last.endpoint) && (await answers(last.endpoint))) {
    return { endpoint: last.endpoint, kept: true };
  }
  mkdirSync(stack.folder, { recursive: true });
  const logFile = path.join(stack.folder, "emulator.log");
  const { endpoint, processId } = await startEmulator({ detached: true, logFile, progress });
  writeFileSync(recordFile(stack), JSON.stringify({ endpoint, processId } satisfies Recorded));
  return { endpoint, kept: false };
}

/** Ends a stack's background emulator, and all it held. Returns false where none was running. */
export async function endEmulatorOf(stack: SandboxStack): Promise<boolean> {
  const last = recorded(stack);
  rmSync(recordFile(stack), { force: true });
  // The process id is only trusted while the server that it was recorded with answers.
  if (last?.processId === undefined || !(await answers(last.endpoint))) return false;
  process.kill(last.processId, "SIGTERM");
  while (await answers(last.endpoint)) await new Promise((resolve) => setTimeout(resolve, 50));
  return true;
}

/** The account that moto plays. */
const account = process.env.MOTO_ACCOUNT_ID ?? "123456789012";

/**
 * Environment of whatever is to talk to the emulator instead of AWS. S3 Control puts the account before the host
 * (`123456789012.localhost`), a name that not every machine resolves: where it does not, the emulator is made the proxy for
 * it, since Go never asks a proxy for `localhost` itself.
 */
export async function emulatorEnvironment(endpoint: string, region = "us-east-1"): Promise<Record<string, string>> {
  const resolves = await lookup(`${account}.localhost`).then(
    () => true,
    () => false,
  );
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "sandbox",
    AWS_SECRET_ACCESS_KEY: "sandbox",
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: path.join(path.sep, "nonexistent"),
    AWS_SHARED_CREDENTIALS_FILE: path.join(path.sep, "nonexistent"),
    ...(resolves ? {} : { HTTP_PROXY: endpoint }),
  };
}
