import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { projectRoot } from "../../plan/settings/project";

const root = projectRoot();
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...["docs", "examples", "delivery", "services"].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
      .map((file) => path.join(folder, file)),
  ),
];
const scripts = (folder: string) =>
  Object.keys(
    (JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as { scripts: object }).scripts,
  );

/** What every page names: `npm run` scripts, links to files, and paths of the project between backticks. */
function named(text: string) {
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? "");
  return {
    scripts: all(/npm run (?:-s )?([a-z][\w:-]*)/g),
    links: all(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g).filter((link) => !/^[a-z]+:/.test(link)),
    paths: all(/`((?:[\w.-]+\/)+[\w.-]+\.[a-z]{2,4})`/g),
  };
}

/** What a page names that is not there. */
function missing(page: string, text: string): string[] {
  const { scripts: commands, links, paths } = named(text);
  const folder = path.dirname(page);
  // A page about a service names its own commands and files too.
  const places = [".", ...new Set(`${page} ${text}`.match(/services\/[\w-]+/g))];
  const known = places.filter((place) => existsSync(path.join(root, place, "package.json"))).flatMap(scripts);
  const top = new Set(readdirSync(root));
  return [
    ...commands.filter((name) => !known.includes(name)).map((name) => `npm run ${name}`),
    ...links.filter((link) => !existsSync(path.join(root, folder, link))),
    ...paths
      .filter((file) => top.has(file.split("/")[0] ?? ""))
      .filter((file) => ![...places, folder].some((from) => existsSync(path.join(root, from, file)))),
  ].map((what) => `${page}: ${what}`);
}

describe("the documentation", () => {
  it("names commands, links and files that are there", () => {
    assert.ok(pages.includes("docs/delivery.md"));
    assert.deepEqual(
      pages.flatMap((page) => missing(page, readFileSync(path.join(root, page), "utf8"))),
      [],
    );
  });

  it("is told what it names that is gone", () => {
    const text = "`npm run nonesuch -- dev`, [there](../README.md#x), [gone](gone.md) and `config/gone.ts`";
    assert.deepEqual(missing("docs/page.md", text), [
      "docs/page.md: npm run nonesuch",
      "docs/page.md: gone.md",
      "docs/page.md: config/gone.ts",
    ]);
  });
});
