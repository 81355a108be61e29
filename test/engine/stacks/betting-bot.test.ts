import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("betting-bot", { configFile: "blueprints/betting-bot.yaml", readBack: networkHolds });
