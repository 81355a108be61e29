import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("qa", { readBack: networkHolds });
