/** Writes `docs/runbooks` from the stacks' own alarms: `npm run docs:runbooks`. A test fails when it is behind. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { format } from "prettier";
import { projectRoot } from "../settings/project";
import { alarmPages } from "./alarm-pages";
import { disasterPages } from "./disasters";
import { collectFacts } from "./facts";
import { gameDayPages } from "./game-days";

const banner = "<!-- Made by: npm run docs:runbooks -->";

function indexPage(pages: ReadonlyMap<string, string>): string {
  const titleOf = (text: string) => /^# (.+)$/m.exec(text)?.[1] ?? "";
  const list = (folder: string) =>
    [...pages]
      .filter(([file]) => file.startsWith(`${folder}/`))
      .map(([file, text]) => `- [${titleOf(text)}](${file})`)
      .join("\n");
  return [
    "# Runbooks",
    "Every alarm's description names its runbook. A disaster has one of its own, and each system a game day that rehearses them.",
    "## Disasters",
    list("disasters"),
    "## Game days",
    list("game-days"),
    "## Alarms",
    list("alarms"),
  ].join("\n\n");
}

/** Every page by its path below docs/runbooks, formatted as it is committed. */
export async function runbooks(root: string): Promise<Map<string, string>> {
  const { alarms, promises } = await collectFacts(root);
  const pages = new Map([...disasterPages(promises), ...gameDayPages(), ...alarmPages(alarms)]);
  pages.set("README.md", indexPage(pages));
  const formatted = new Map<string, string>();
  for (const [file, text] of pages)
    formatted.set(file, await format(`${banner}\n\n${text}\n`, { parser: "markdown", printWidth: 120 }));
  return formatted;
}

async function publish(): Promise<void> {
  const root = projectRoot();
  const pages = await runbooks(root);
  const folder = path.join(root, "docs", "runbooks");
  rmSync(folder, { recursive: true, force: true });
  for (const [file, text] of pages) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
}

if (require.main === module) void publish().then(() => process.exit(0));
