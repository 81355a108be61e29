import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as path from "node:path";

const root = path.join(__dirname, "..", "..");

/** What a program prints that runs in a process of its own. */
const outputOf = (program: string) =>
  execFileSync(process.execPath, ["--require", "tsx/cjs", "--eval", program], { cwd: root }).toString().trim();

const loaded = "Object.keys(require.cache).some((file) => file.includes(name))";

describe("packages that Pulumi loads for functions as resources", () => {
  for (const name of ["node_modules/typescript/", "@npmcli/arborist"]) {
    it(`leaves ${name} out until it is used`, () => {
      const program = (first: string) =>
        `const name = "${name}"; ${first} require("@pulumi/pulumi"); console.log(${loaded})`;
      assert.equal(outputOf(program("")), "true", "Pulumi does not load it any more: remove it from the list");
      assert.equal(outputOf(program('require("./policy/frame/load-later.ts");')), "false");
    });
  }

  it("still has them where a function is made a resource", () => {
    const printed = outputOf(`
      require("./policy/frame/load-later.ts");
      const pulumi = require("@pulumi/pulumi");
      pulumi.runtime.serializeFunction((x) => x + 1).then(({ text }) => console.log(/x \\+ 1/.test(text)));
    `);
    assert.equal(printed, "true");
  });
});
