// The first command of a new machine: without the packages there is no loader for the rest of the doctor.
const console = require("node:console");
const process = require("node:process");

const installed = () => {
  try {
    return require.resolve("tsx/cjs") !== "";
  } catch {
    return false;
  }
};

if (installed()) {
  require("tsx/cjs");
  process.exitCode = require("./cli.ts").main(process.argv.slice(2));
} else {
  console.log("The project's packages are not installed. Do this first, then ask again:\n\n  npm ci");
  process.exitCode = 1;
}
