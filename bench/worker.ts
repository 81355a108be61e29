/** One measurement in a process of its own, so that neither memory nor warm code of another one counts: prints one line of JSON. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { bareProgram, type Recorded } from "./bare/program";
import { Judge } from "../plan/judge";
import { priceAll } from "../plan/cost/cost";
import { loadUsage } from "../plan/cost/usage";
import { planAnswers } from "../plan/evaluate/answers";
import { makePlan } from "../plan/plan";
import { renderHtml } from "../plan/diagram/html";
import { runProgram } from "../plan/evaluate/monitor";
import { evaluate, type Evaluation } from "../plan/evaluate/program";
import { projectRoot } from "../plan/settings/project";
import { planOf, settingsFor } from "./fleet-of";

export interface Measured {
  /** Seconds of processor time, in all threads: what a busy machine does not stretch. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** Most memory that the process held. */
  readonly peakMiB: number;
  readonly resources: number;
}

async function timed(resources: () => number, body: () => Promise<unknown>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await body();
  const { user, system } = process.cpuUsage(cpu);
  return {
    cpuSeconds: (user + system) / 1e6,
    seconds: (performance.now() - start) / 1e3,
    peakMiB: process.resourceUsage().maxRSS / 1024,
    resources: resources(),
  };
}

const recordFile = (models: number, process: number) => path.join(os.tmpdir(), `bench-${process}-${models}.json`);

/** Writes what the program registers, for the process that asked. */
async function record(models: number): Promise<void> {
  const { resources, region } = await evaluate({ root: projectRoot(), settings: settingsFor(models) });
  writeFileSync(recordFile(models, process.ppid), JSON.stringify({ resources, region }));
}

function recorded(models: number): Recorded {
  const again = [...process.execArgv, __filename, "record", String(models)];
  execFileSync(process.execPath, again, { cwd: projectRoot(), stdio: "ignore" });
  const file = recordFile(models, process.pid);
  const read = JSON.parse(readFileSync(file, "utf8")) as Recorded;
  rmSync(file);
  return read;
}

async function measure(what: string, models: number): Promise<Measured> {
  const root = projectRoot();
  const settings = settingsFor(models);
  let evaluation: Evaluation | undefined;
  const run = async () => (evaluation = await evaluate({ root, settings }));
  const count = () => evaluation?.resources.length ?? 0;
  if (what === "evaluate") {
    // The imports are the start of every plan and no part of its growth.
    await evaluate({ root, settings: settingsFor(1) });
    return timed(count, run);
  }
  if (what === "bare") {
    // Recorded by other processes, so that this one has run as little before as the one that evaluates.
    const few = recorded(1);
    const all = recorded(models);
    const bare = ({ resources, region }: Recorded) =>
      runProgram(bareProgram(resources), {
        project: "bare",
        stack: "bench",
        config: { "aws:region": region },
        answers: planAnswers(region),
      });
    await bare(few);
    return timed(
      () => all.resources.length,
      () => bare(all),
    );
  }
  const { resources } = await run();
  switch (what) {
    case "policies": {
      const judge = new Judge();
      try {
        const warm = { ...evaluation, resources: resources.slice(0, 1) } as Evaluation;
        await judge.judge(warm, settings);
        return await timed(count, () => judge.judge(evaluation as Evaluation, settings));
      } finally {
        await judge.close();
      }
    }
    case "diagram": {
      const { plan, region: at } = await makePlan({ root, ...planOf(models), policies: false });
      await renderHtml(plan, at);
      return timed(
        () => plan.resources.length,
        () => renderHtml(plan, at),
      );
    }
    case "cost":
      return timed(count, () => Promise.resolve(priceAll(evaluation as Evaluation, settings.config, loadUsage())));
    default:
      throw new Error(`No such measurement: ${what}`);
  }
}

const [what = "", models = "1"] = process.argv.slice(2);
if (what === "record") void record(Number(models)).then(() => process.exit(0));
else
  void measure(what, Number(models)).then((measured) => {
    process.stdout.write(`${JSON.stringify(measured)}\n`, () => process.exit(0));
  });
