/** The documents that are made from the sources; `npm run docs` writes them, a test fails when one is stale. */
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { publishedSchema } from "../plan/json";
import { renderCatalogue } from "../plan/policy/catalogue";
import { projectRoot } from "../plan/settings/project";
import { describeLacking } from "../sandbox/lacking";
import { renderComponents } from "./components";
import { renderConfiguration } from "./configuration";
import { guideNames, renderGuide } from "./guides";
import { renderPackageSchema } from "./package-schema";
import { renderRequirements } from "./requirements";

export interface SourcedDocument {
  /** File under `docs/`. */
  readonly file: string;
  readonly render: () => string | Promise<string>;
}

export const documents: readonly SourcedDocument[] = [
  { file: "components.md", render: renderComponents },
  { file: "configuration.md", render: renderConfiguration },
  { file: "emulator.md", render: describeLacking },
  { file: "plan-schema.json", render: publishedSchema },
  { file: "policies.md", render: renderCatalogue },
  { file: "../plugin/schema.json", render: renderPackageSchema },
  { file: "requirements.md", render: renderRequirements },
  ...guideNames.map((name) => ({ file: `guides/${name}.md`, render: () => renderGuide(name) })),
];

/** Where a document is kept. */
export const documentPath = (file: string) => path.join(projectRoot(), "docs", file);

/** The same from the project's folder. */
export const shownPath = (file: string) => path.posix.join("docs", file);

/** A document as the sources have it, in the project's format. */
export async function freshText({ file, render }: SourcedDocument): Promise<string> {
  const text = await render();
  if (!file.endsWith(".md")) return text;
  return format(text, { ...(await resolveConfig(documentPath(file))), parser: "markdown" });
}

/** A document as it is kept; empty where there is none yet. */
export function keptText(file: string): string {
  try {
    return readFileSync(documentPath(file), "utf8");
  } catch {
    return "";
  }
}
