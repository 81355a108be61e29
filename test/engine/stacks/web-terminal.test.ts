import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("web-terminal", { configFile: "blueprints/web-terminal.yaml", readBack: networkHolds });
