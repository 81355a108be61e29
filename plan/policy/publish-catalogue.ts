/** Writes `docs/policies.md`: `npm run docs:policies`. */
import * as path from "node:path";
import { writeWhole } from "../output";
import { projectRoot } from "../settings/project";
import { renderCatalogue } from "./catalogue";

writeWhole(path.join(projectRoot(), "docs", "policies.md"), renderCatalogue());
