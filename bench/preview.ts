/** `pulumi preview` of a sandboxed stack on the real engine, beside one of the same resources without components. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { evaluate } from "../plan/evaluate/program";
import { readStackConfig } from "../plan/settings/stack-config";
import { emulatorEnvironment } from "../sandbox/background";
import { startEmulator } from "../sandbox/emulator";
import { SandboxEngine } from "../sandbox/engine";
import { findEngine, neededAwsPlugin, usesBuiltPlugin, type Engine } from "../sandbox/prerequisites";
import { resolveStack, sandboxFolder, stateUrl, writeProject, type SandboxStack } from "../sandbox/project";
import { seedPointers, seedZones } from "../sandbox/seed";

export interface PreviewMeasured {
  readonly resources: number;
  readonly seconds: number;
  readonly bareSeconds: number;
}

interface Run {
  readonly seconds: number;
  readonly resources: number;
}

async function preview(engine: SandboxEngine): Promise<Run> {
  const start = performance.now();
  const outcome = await engine.run("preview");
  if (!outcome.ok) throw new Error(outcome.failures.map(({ urn, message }) => `${urn}: ${message}`).join("\n"));
  return { seconds: (performance.now() - start) / 1e3, resources: outcome.changes.create ?? 0 };
}

/** Turn by turn, so that both see the same machine; the best of each, for what other work adds is never taken away again. */
async function bestOf(rounds: number, whole: SandboxEngine, bare: SandboxEngine): Promise<PreviewMeasured> {
  const runs: [Run, Run][] = [];
  for (let round = 0; round < rounds; round++) runs.push([await preview(whole), await preview(bare)]);
  return {
    resources: runs[0]?.[0].resources ?? 0,
    seconds: Math.min(...runs.map(([one]) => one.seconds)),
    bareSeconds: Math.min(...runs.map(([, other]) => other.seconds)),
  };
}

/** A program folder of the bare program, with the same packages for the engine to look through. */
function bareFolder(root: string, folder: string): string {
  const program = path.join(folder, "program");
  mkdirSync(program);
  symlinkSync(path.join(root, "node_modules"), path.join(program, "node_modules"));
  const source = JSON.stringify(path.join(root, "bench", "bare", "index.ts"));
  writeFileSync(path.join(program, "index.js"), `require("tsx/cjs");\nmodule.exports = require(${source});\n`);
  writeFileSync(path.join(program, "package.json"), JSON.stringify({ main: "index.js" })); // else the engine finds the platform's
  return program;
}

function folderOf(root: string, name: string): string {
  const folder = path.join(root, sandboxFolder, `bench-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, "state"), { recursive: true });
  return folder;
}

/** A project of its own beside the stack's, with the program that registers what the stack's plan says. */
async function bareProject(place: SandboxStack, cli: Engine, endpoint: string): Promise<SandboxEngine> {
  const configFile = path.join(place.folder, `Pulumi.${place.name}.yaml`);
  const settings = readStackConfig({ root: place.root, stack: place.name, configFile, overrides: [] });
  Object.assign(process.env, await emulatorEnvironment(endpoint)); // the fleet is listed there, as the engine's program does
  const { resources, region } = await evaluate({ root: place.root, settings });
  const folder = folderOf(place.root, `${place.name}-bare`);
  const recorded = path.join(folder, "recorded.json");
  writeFileSync(recorded, JSON.stringify({ resources, region }));
  const project = parse(readFileSync(path.join(place.folder, "Pulumi.yaml"), "utf8")) as Record<string, unknown>;
  const { config: _declared, ...rest } = project;
  const own = {
    ...rest,
    main: bareFolder(place.root, folder),
    backend: { url: stateUrl(path.join(folder, "state")) },
  };
  writeFileSync(path.join(folder, "Pulumi.yaml"), stringify(own));
  const { config } = parse(readFileSync(configFile, "utf8")) as { config: Record<string, unknown> };
  const provider = Object.fromEntries(Object.entries(config).filter(([key]) => key.startsWith("aws:")));
  writeFileSync(path.join(folder, `Pulumi.${place.name}.yaml`), stringify({ config: provider }));
  const version = neededAwsPlugin(place.root).slice("aws-".length);
  const extraEnvironment = { BENCH_RECORDED: recorded, BENCH_AWS_VERSION: version };
  return SandboxEngine.open({ ...place, folder }, cli, { endpoint, extraEnvironment });
}

/** Seconds of both previews, or why there are none. */
export async function measurePreview(root: string, stack: string, rounds = 3): Promise<PreviewMeasured | string> {
  const cli = findEngine();
  if (!cli) return "there is no pulumi on the PATH";
  if (!cli.plugins.includes(neededAwsPlugin(root))) return `the plugin ${neededAwsPlugin(root)} is not installed`;
  const place = { ...resolveStack(root, stack, undefined), folder: folderOf(root, stack) };
  writeProject(place, { plugins: cli.plugins, builtPlugin: usesBuiltPlugin(root) });
  const emulator = await startEmulator({ honourEndpoint: false, logFile: path.join(place.folder, "emulator.log") });
  try {
    await seedPointers(place, emulator.endpoint);
    await seedZones(place, emulator.endpoint);
    const whole = await SandboxEngine.open(place, cli, { endpoint: emulator.endpoint });
    return await bestOf(rounds, whole, await bareProject(place, cli, emulator.endpoint));
  } catch (error) {
    return (error as Error).message.split("\n")[0] ?? "it failed"; // the other figures stand without it
  } finally {
    await emulator.stop();
  }
}
