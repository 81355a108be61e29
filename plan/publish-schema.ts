/** Writes `docs/plan-schema.json`: `node --require tsx/cjs plan/publish-schema.ts`. */
import * as path from "node:path";
import { publishedSchema } from "./json";
import { writeWhole } from "./output";
import { projectRoot } from "./settings/project";

writeWhole(path.join(projectRoot(), "docs", "plan-schema.json"), publishedSchema());
