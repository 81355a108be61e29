import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readComponents, renderComponents } from "../../reference/components";

const source = `
interface Shared {
  /** Address block. @default 10.0.0.0/16 */
  readonly cidr?: string;
}
export interface ThingArgs extends Shared {
  readonly kind: "a" | "b";
}
/** A thing. */
export class Thing extends pulumi.ComponentResource {
  /** Its id. */
  readonly id: pulumi.Output<string>;
  private readonly hidden: string;
  constructor(name: string, args: ThingArgs) {
    super("trading:network:Thing", name, {});
  }
}
export class Helper {}
`;

describe("the component reference", () => {
  it("reads purpose, type, arguments with inherited ones and public outputs from the source", () => {
    const root = mkdtempSync(join(tmpdir(), "components-"));
    mkdirSync(join(root, "components", "network"), { recursive: true });
    writeFileSync(join(root, "components", "network", "thing.ts"), source);
    const found = readComponents(root);
    rmSync(root, { recursive: true });
    assert.deepEqual(found, [
      {
        name: "Thing",
        file: "components/network/thing.ts",
        token: "trading:network:Thing",
        text: "A thing.",
        args: [
          { name: "cidr", type: "string", optional: true, text: "Address block.", default: "10.0.0.0/16" },
          { name: "kind", type: '"a" | "b"', optional: false, text: "", default: "" },
        ],
        outputs: [{ name: "id", type: "pulumi.Output<string>", optional: false, text: "Its id.", default: "" }],
      },
    ]);
    assert.match(renderComponents(found), /\| `kind` \(required\) \| `"a" \\\| "b"` \|/);
  });

  const components = readComponents();

  it("finds the components that the program is named for", () => {
    const names = components.map(({ name }) => name);
    for (const name of ["TradingVpc", "LocalZoneTrader", "ModelDrivenFleet", "DataPlatform"]) {
      assert.ok(names.includes(name), name);
    }
    assert.deepEqual(names, [...new Set(names)]);
  });

  for (const { name, file, token, text } of components) {
    it(`${name} says what it is for, what it makes and what it costs`, () => {
      assert.equal(token, `trading:${file.split("/")[1]}:${name}`);
      assert.match(text, /\bMakes\b/, `${file}: the doc comment of ${name} does not say what it makes`);
      assert.match(text, /\bCosts?\b/, `${file}: the doc comment of ${name} does not say what it costs`);
    });
  }
});
