import "tsx/cjs"; // compiles all that follows where the language host knows no nodeargs
import { engineReport, type Report } from "./components/common/report";
import { deploy } from "./wiring/platform";

/**
 * The program: settings -> components -> stack outputs. Its sections stand in `wiring/index.ts`; they are loaded while the
 * engine starts its AWS plugin and looks the account up.
 */
export = (report: Report = engineReport) =>
  deploy(report, () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- later than an import, and compiled as one
    const { sections } = require("./wiring") as typeof import("./wiring");
    return sections;
  });
