/** Parts of the planner that are loaded only when they are used, so that help and mistakes are answered at once. */
/* eslint-disable @typescript-eslint/no-require-imports -- a native import() would bypass tsx's hook for CommonJS */
export const lazy = {
  evaluate: () => require("./evaluate/program") as typeof import("./evaluate/program"),
  cost: () => require("./cost/cost") as typeof import("./cost/cost"),
  ownPrices: () => require("./cost/own-prices") as typeof import("./cost/own-prices"),
  usage: () => require("./cost/usage") as typeof import("./cost/usage"),
  judge: () => require("./judge") as typeof import("./judge"),
  plan: () => require("./plan") as typeof import("./plan"),
  json: () => require("./json") as typeof import("./json"),
  markdown: () => require("./report/markdown") as typeof import("./report/markdown"),
  html: () => require("./diagram/html") as typeof import("./diagram/html"),
  sarif: () => require("./policy/sarif") as typeof import("./policy/sarif"),
  junit: () => require("./policy/junit") as typeof import("./policy/junit"),
  without: () => require("./without") as typeof import("./without"),
  reach: () => require("./reach") as typeof import("./reach"),
  difference: () => require("./difference") as typeof import("./difference"),
  text: () => require("./text") as typeof import("./text"),
};
