import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("ai-platform", { configFile: "blueprints/ai-platform.yaml", readBack: networkHolds });
