// Run by npm before it installs this folder: the platform's own packages come first, where they are not there yet. A clone
// that is worked in keeps what it has, the packages of its tests among it.
const { spawnSync } = require("node:child_process");
const path = require("node:path");
const process = require("node:process");

const root = path.join(__dirname, "..");
const { dependencies } = require("../package.json");
const missing = Object.keys(dependencies).filter((name) => {
  try {
    require.resolve(`${name}/package.json`, { paths: [root] });
    return false;
  } catch (error) {
    return error.code === "MODULE_NOT_FOUND"; // a package that keeps its package.json to itself is there
  }
});
if (missing.length > 0) {
  const arguments_ = ["ci", "--prefix", root, "--omit=dev", "--no-audit", "--no-fund"];
  const { status } = spawnSync("npm", arguments_, { stdio: "inherit", shell: process.platform === "win32" });
  process.exit(status ?? 1);
}
