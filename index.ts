import { loadSettings } from "./config";
import { tagEverything } from "./components/common/tags";

/** The program: settings -> components -> stack outputs. Each section's presence turns its component on. */
export = () => {
  const settings = loadSettings();
  const { project, stack, stage, owner } = settings;
  tagEverything({ project, stack, stage, owner });
  return { stage };
};
