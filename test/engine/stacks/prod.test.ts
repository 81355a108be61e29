import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("prod", { readBack: stackHolds });
