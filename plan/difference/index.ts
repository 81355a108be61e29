export { openBase, type Base } from "./base";
export { compare, type Change, type Difference } from "./difference";
export { renderDifference } from "./markdown";
export { renderDifferenceText } from "./text";
