import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("ai-platform", { configFile: "blueprints/ai-platform.yaml", readBack: stackHolds });
