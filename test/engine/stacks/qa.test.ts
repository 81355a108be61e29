import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("qa", { readBack: stackHolds });
