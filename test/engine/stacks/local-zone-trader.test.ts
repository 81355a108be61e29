import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("local-zone-trader", { configFile: "blueprints/local-zone-trader.yaml", readBack: networkHolds });
