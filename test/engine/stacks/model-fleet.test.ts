import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("model-fleet", { configFile: "blueprints/model-fleet.yaml", readBack: stackHolds });
