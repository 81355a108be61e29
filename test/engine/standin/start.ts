import { spawn } from "node:child_process";
import * as path from "node:path";
import { createInterface } from "node:readline";

/** The running stand-in provider. */
export interface StandIn {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the test tree's provider in a process of its own, as the engine expects one. */
export async function startStandIn(): Promise<StandIn> {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", path.join(__dirname, "provider.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(Number(line)));
    child.once("exit", (status) => reject(new Error(`The stand-in provider ended with status ${status}.`)));
  });
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners("exit");
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}
