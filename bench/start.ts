/** How long a plan takes from the start of its process to the first resource that the program registers. One line of JSON. */
import { evaluate } from "../plan/evaluate/program";
import { projectRoot } from "../plan/settings/project";
import { settingsFor } from "./fleet-of";

export interface StartMeasured {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

let first: StartMeasured | undefined;
const onRegister = () => {
  const { user, system } = process.cpuUsage();
  first ??= { seconds: process.uptime(), cpuSeconds: (user + system) / 1e6 };
};
void evaluate({ root: projectRoot(), settings: settingsFor(10), onRegister }).then(() => {
  process.stdout.write(`${JSON.stringify(first)}\n`, () => process.exit(0));
});
