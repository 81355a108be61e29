import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import * as path from "node:path";
import { blueprints, root } from "./live-stack";

describe("the engine tests", () => {
  it("run every stack and every blueprint", () => {
    const stacks = readdirSync(root).flatMap((file) => /^Pulumi\.(\w+)\.yaml$/.exec(file)?.[1] ?? []);
    const tested = readdirSync(path.join(__dirname, "stacks")).map((file) => file.replace(/\.test\.ts$/, ""));
    assert.deepEqual(
      [...stacks, ...blueprints()].filter((name) => !tested.includes(name)),
      [],
    );
  });
});
