import { join } from "node:path";
import { ensurePython } from "../../plan/python";

/** Makes the emulator's Python environment once, before test files run side by side and several look for it. */
export async function mochaGlobalSetup(): Promise<void> {
  await ensurePython(join(__dirname, "..", ".."), (line) => process.stderr.write(`${line}\n`));
}
