import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("betting-bot", { configFile: "blueprints/betting-bot.yaml", readBack: stackHolds });
