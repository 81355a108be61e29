import assert from "node:assert/strict";
import { sections, stages, type SectionKey } from "../../config";
import { fieldsOf, renderConfiguration, sectionFields } from "../../reference/configuration";

describe("the configuration reference", () => {
  const keys = Object.keys(sections) as SectionKey[];
  const page = renderConfiguration();

  for (const key of keys) {
    it(`describes every key of ${key}, in every stage`, () => {
      const silent = stages.flatMap((stage) =>
        sectionFields(key, stage)
          .filter(({ schema }) => !schema.description)
          .map(({ path }) => `${stage}: ${key}.${path}`),
      );
      assert.deepEqual(silent, []);
    });
  }

  it("shows a default that differs by stage for each of them", () => {
    assert.match(page, /\| `maxRemovalPercent` +\|.*\| dev `50`, qa `25`, prod `10` \|/);
  });

  it("says what is required, what is allowed and what a section needs", () => {
    assert.match(page, /## fleet\n\nOne EC2 instance for each model artifact.* Needs `network`\./);
    assert.match(page, /\| `shard\.index` \(required\) \| .*whole number/);
    for (const key of keys) assert.ok(page.includes(`\n## ${key}\n`), key);
  });

  it("walks objects, lists, alternatives and names of the user's own, each path once", () => {
    const leaf = { type: "string", description: "x" };
    const paths = fieldsOf({
      required: ["a"],
      properties: {
        a: { properties: { b: leaf } },
        list: { items: { properties: { c: leaf } } },
        either: { anyOf: [{ const: false }, { properties: { d: leaf } }, { properties: { d: leaf, e: leaf } }] },
        named: { additionalProperties: { properties: { f: leaf } } },
      },
    }).map(({ path, required }) => `${path}${required ? "!" : ""}`);
    const expected = "a! a.b list list[].c either either.d either.e named named.<name>.f";
    assert.deepEqual(paths.toSorted(), expected.split(" ").toSorted());
  });
});
