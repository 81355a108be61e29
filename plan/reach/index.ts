export { Network, renderReach, type Reach } from "./reach";
