/**
 * Writes the `config` block of Pulumi.yaml from the schema, so that the engine knows each key, its type and what it is for.
 * Run by `npm run generate`; a test fails when the file is behind the schema.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { sections } from "./sections";

/** Declarations of all keys. Sections default to off, as the engine demands a default for a typed key. */
export function projectConfig(): Record<string, unknown> {
  const declared = Object.entries(sections).map(([key, { description }]) => [
    `trading-platform:${key}`,
    { type: "object", description: `${description} Off unless the stack file has it.`, default: { enabled: false } },
  ]);
  return {
    "trading-platform:stage": {
      type: "string",
      description:
        "dev (development), qa (paper trading) or prod (live); decides every default. Has none itself: a stack must say what it is.",
    },
    "trading-platform:owner": {
      type: "string",
      description: "Team that answers for the stack; a tag of every resource.",
      default: "trading",
    },
    "trading-platform:permissionsBoundary": {
      type: "string",
      description:
        "Managed policy that bounds every role of the stack, by name or ARN; the delivery makes one for each stage. Empty for none.",
      default: "",
    },
    ...Object.fromEntries(declared as [string, unknown][]),
  };
}

/** Pulumi.yaml's text with its `config` block renewed; the rest stays as it is written. */
export function renewProjectFile(text: string): string {
  const document = parseDocument(text);
  document.set("config", document.createNode(projectConfig()));
  return document.toString({ lineWidth: 120 });
}

if (require.main === module) {
  const file = join(__dirname, "..", "Pulumi.yaml");
  writeFileSync(file, renewProjectFile(readFileSync(file, "utf8")));
}
