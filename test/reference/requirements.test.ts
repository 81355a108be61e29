import assert from "node:assert/strict";
import { checkRequirements, readRequirements, type Requirements } from "../../reference/requirements";

describe("the requirements", () => {
  for (const requirements of readRequirements()) {
    it(`of ${requirements.blueprint} leave out no line, and name files, tests and keys that exist`, () => {
      assert.deepEqual(checkRequirements(requirements), []);
    });
  }

  it("are refused where a line, a file, a test or a key is missing", () => {
    const broken: Requirements = {
      blueprint: "betting-bot",
      title: "",
      lines: 5,
      silent: [{ at: "1", why: "a heading" }],
      rows: [
        { at: "2", asks: "", by: ["no/such/file.ts"], proof: ["test/wiring.test.ts > no such title", "no/test.ts"] },
        { at: "2", asks: "", by: ["index.ts"], set: ["network.cidr", "network.nothing", "nothing.at.all"] },
        { at: "3", asks: "" },
        // A title that only a comment or another string has; a file without a title; a text that a comma ended.
        {
          at: "4",
          asks: "",
          by: ["index.ts"],
          proof: ["test/reference/requirements.test.ts > a title that only", "test/wiring.test.ts"],
          ...{ "ended by a comma": null },
        },
      ],
    };
    assert.deepEqual(checkRequirements(broken), [
      "line 2 is spoken of 2 times",
      "line 5 is spoken of 0 times",
      "2: no/such/file.ts does not exist",
      '2: test/wiring.test.ts has no test "no such title"',
      "2: no/test.ts does not exist",
      "2: the blueprint has no network.nothing",
      "2: the blueprint has no nothing.at.all",
      "2: has neither a test nor a reason",
      "3: has neither a file nor a reason",
      "3: has neither a test nor a reason",
      '4: has no key "ended by a comma"',
      '4: test/reference/requirements.test.ts has no test "a title that only"',
      "4: names no test of test/wiring.test.ts",
    ]);
  });
});
