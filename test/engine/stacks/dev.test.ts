import { lifecycle } from "../lifecycle";
import { stackHolds } from "../read-back";

lifecycle("dev", { readBack: stackHolds, recovers: true });
