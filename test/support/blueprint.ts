import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { engineReport } from "../../components/common/report";
import program from "../../index";
import { planAnswers } from "../../plan/evaluate/answers";
import { runProgram } from "../../plan/evaluate/monitor";
import { Registered } from "./program";

/** Changes of a blueprint's keys for one test; undefined removes a key. */
export type Changes = Readonly<Record<string, unknown>>;

/** Evaluates a blueprint, with some keys (without their namespace) changed. The fleet reads its listing, not a bucket. */
export async function evaluateBlueprint(name: string, changes: Changes = {}): Promise<Registered> {
  const text = readFileSync(join(__dirname, "../../blueprints", `${name}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  for (const [key, value] of Object.entries(changes)) config[`trading-platform:${key}`] = value;
  const fleet = config["trading-platform:fleet"];
  if (fleet && typeof fleet === "object") config["trading-platform:fleet"] = { ...fleet, source: "listing" };
  const entries = Object.entries(config).filter(([, value]) => value !== undefined);
  const result = await runProgram(() => program({ ...engineReport, offline: true }), {
    project: "trading-platform",
    stack: "test",
    config: Object.fromEntries(
      entries.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
    answers: planAnswers("us-east-1"),
  });
  return new Registered(result);
}
