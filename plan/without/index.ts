export { lossAsData, renderLoss } from "./render";
export { judge, promisesOf } from "./targets";
export { takeAway } from "./without";
