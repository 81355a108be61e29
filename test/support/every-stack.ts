import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { engineReport } from "../../components/common/report";
import program from "../../index";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram, type RunResult } from "../../plan/evaluate/monitor";

const root = join(__dirname, "../..");
const yamlFiles = (folder: string, pattern: RegExp) =>
  readdirSync(join(root, folder))
    .filter((file) => pattern.test(file) && !file.endsWith(".deploy.yaml"))
    .map((file) => join(folder, file));

/** Files of every stack and blueprint, seen from the project's folder. */
export const stackFiles = [...yamlFiles(".", /^Pulumi\.[\w-]+\.yaml$/), ...yamlFiles("blueprints", /\.yaml$/)];

/** A secret that a test has put where the real one would be. */
export interface Planted {
  readonly of: string;
  readonly value: string;
}

/** A stack as it was evaluated, with the secrets that it was given. */
export interface Evaluated {
  readonly file: string;
  readonly stage: string;
  readonly result: RunResult;
  readonly planted: readonly Planted[];
}

/** A stack file's configuration as the engine hands it over, with the fleet read from its listing. */
function engineConfig(file: string): Record<string, string> {
  const { config } = parse(readFileSync(join(root, file), "utf8")) as { config: Record<string, unknown> };
  const fleet = config["trading-platform:fleet"];
  if (fleet && typeof fleet === "object") config["trading-platform:fleet"] = { ...fleet, source: "listing" };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Evaluates a stack or blueprint, with keys of its configuration set beside those of its file. */
export async function evaluate(file: string, more: Readonly<Record<string, string>> = {}): Promise<Evaluated> {
  const config = { ...engineConfig(file), ...more };
  const planted: Planted[] = [];
  const plant = (of: string) => {
    const value = `Planted${planted.length}x${"7f3a9Kq2".repeat(4)}`;
    planted.push({ of, value });
    return value;
  };
  const monitoring = JSON.parse(config["trading-platform:monitoring"] ?? "{}") as Record<string, unknown>;
  monitoring.pagerDutyUrl = `https://events.pagerduty.com/integration/${plant("monitoring.pagerDutyUrl")}/enqueue`;
  config["trading-platform:monitoring"] = JSON.stringify(monitoring);
  const answers = planAnswers(config["aws:region"] ?? "");
  const result = await runProgram(() => program({ ...engineReport, offline: true }), {
    project: "trading-platform",
    stack: "test",
    config,
    secretKeys: ["trading-platform:monitoring"],
    answers: {
      newResource: (args) => answers.newResource(args),
      call(args) {
        const answer = answers.call(args);
        if (args.token.includes("getRandomPassword")) answer.randomPassword = plant("a generated password");
        if (args.token.includes("getAuthorizationToken")) answer.password = plant("a registry's password");
        return answer;
      },
    },
  });
  return { file, stage: config["trading-platform:stage"] ?? "", result, planted };
}

const known = new Map<string, Promise<Evaluated>>();

/** Evaluates a stack or blueprint, once for all tests of a run. */
export function evaluated(file: string): Promise<Evaluated> {
  const found = known.get(file) ?? evaluate(file);
  known.set(file, found);
  return found;
}
