import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("local-zone-trader", { configFile: "blueprints/local-zone-trader.yaml", readBack: stackHolds });
