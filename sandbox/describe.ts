import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { projectRoot } from "./emulator";
import { describeLacking } from "./lacking";

/** Where the description is kept. */
export const descriptionFile = path.join(projectRoot(), "docs", "emulator.md");

/** The description as it stands in the file, in the project's format. */
export async function description(): Promise<string> {
  return format(describeLacking(), { ...(await resolveConfig(descriptionFile)), parser: "markdown" });
}

if (require.main === module) {
  void description().then((text) => writeFileSync(descriptionFile, text));
}
