import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("model-fleet", { configFile: "blueprints/model-fleet.yaml", readBack: networkHolds });
