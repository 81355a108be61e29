import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("web-terminal", { configFile: "blueprints/web-terminal.yaml", readBack: stackHolds });
