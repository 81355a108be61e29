import { lifecycle } from "../lifecycle";
import { networkHolds } from "../read-back";

lifecycle("prod", { readBack: networkHolds });
