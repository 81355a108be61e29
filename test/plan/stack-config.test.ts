import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { UsageError } from "../../plan/failure";
import { withModels } from "../../plan/settings/model-source";
import { readStackConfig, type StackConfig } from "../../plan/settings/stack-config";

describe("a stack's configuration", () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "stack-config-"));
    const project = ["name: shop", "runtime: nodejs", "config:", "  aws:region:", "    value: us-east-1"];
    project.push("  size:", "    type: integer", "    description: How many.", "    default: 3");
    writeFileSync(path.join(root, "Pulumi.yaml"), project.join("\n"));
    stackFile("dev", "config:\n  shop:stage: dev\n  shop:fleet:\n    bucket: b-one\n");
    stackFile("prod", "config:\n  shop:stage: prod\n");
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const stackFile = (name: string, text: string) => writeFileSync(path.join(root, `Pulumi.${name}.yaml`), text);
  const read = (stack: string | undefined, ...overrides: string[]) =>
    readStackConfig({ root, stack, configFile: undefined, overrides });
  const refuses = (body: () => unknown, ...parts: RegExp[]) =>
    assert.throws(body, (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error));
      for (const part of parts) assert.match(error.message, part);
      return true;
    });

  it("is the stack file's over the project's defaults, as the engine hands it over", () => {
    assert.deepEqual(read("dev").config, {
      "aws:region": "us-east-1",
      "shop:fleet": '{"bucket":"b-one"}',
      "shop:size": "3",
      "shop:stage": "dev",
    });
  });

  it("gives keys without a namespace the project's", () => {
    stackFile("dev", "config:\n  stage: qa\n  size: 7\n");
    assert.deepEqual(read("dev").config, { "aws:region": "us-east-1", "shop:size": "7", "shop:stage": "qa" });
  });

  it("never falls to a default: an unknown stack is refused with the stacks there are", () => {
    refuses(() => read("prd"), /no stack prd/, /Did you mean prod\?/, /The stacks there are: dev, prod\./);
    refuses(() => read(undefined), /Name a stack/, /dev, prod/);
    refuses(() => read("../dev"), /not a stack's name/, /dev, prod/);
    refuses(() => read(""), /not a stack's name/);
  });

  it("tells file, line and column of malformed YAML", () => {
    stackFile("dev", "config:\n  shop:stage: dev\n  shop:fleet: {bucket: [a\n");
    refuses(() => read("dev"), /^Pulumi\.dev\.yaml:\d+:\d+: malformed YAML: /);
    stackFile("dev", "config:\n  shop:stage: dev\n  shop:stage: qa\n");
    refuses(() => read("dev"), /^Pulumi\.dev\.yaml:3:3: malformed YAML: Map keys must be unique/);
  });

  it("refuses a file that is no mapping, a config that is none, and an empty key", () => {
    stackFile("dev", "- a\n");
    refuses(() => read("dev"), /is a mapping with the key config/);
    stackFile("dev", "config: yes please\n");
    refuses(() => read("dev"), /config is "yes please", not a mapping/);
    stackFile("dev", "config:\n  shop:fleet:\n");
    refuses(() => read("dev"), /shop:fleet is empty/, /write shop:fleet: \{\}/);
  });

  it("refuses a key beside config that looks like one that is read, and no other", () => {
    stackFile("dev", "confg:\n  stage: dev\n");
    refuses(
      () => read("dev"),
      /Pulumi\.dev\.yaml: confg is no key of a stack file\n.*\n {2}fix: Did you mean config\?/,
    );
    stackFile("dev", "encryptionsal: x\nconfig:\n  stage: dev\n");
    refuses(() => read("dev"), /Did you mean encryptionsalt\?/);
    stackFile("dev", "x-shared: &zones [a]\nsecretsprovider: awskms\nencryptedkey: x\nconfig:\n  zones: *zones\n");
    assert.equal(read("dev").config["shop:zones"], '["a"]');
  });

  it("names the files there are where --config-file names none, and tells a folder from nothing", () => {
    mkdirSync(path.join(root, "blueprints"));
    writeFileSync(path.join(root, "blueprints", "shop.yaml"), "config: {}\n");
    const other = (configFile: string) => readStackConfig({ root, stack: undefined, configFile, overrides: [] });
    refuses(
      () => other("blueprints/shp.yaml"),
      /there is no such file\n {2}allowed: .*blueprints\/shop\.yaml\n {2}fix: Did/,
    );
    refuses(() => other(path.join(root, "blueprints")), /--config-file .*blueprints: is a folder\n {2}allowed: /);
  });

  it("reads another file by its path, and names the stack after it", () => {
    writeFileSync(path.join(root, "betting-bot.yaml"), "config:\n  stage: prod\n");
    const { stack, config } = readStackConfig({
      root,
      stack: undefined,
      configFile: path.join(root, "betting-bot.yaml"),
      overrides: [],
    });
    assert.equal(stack, "betting-bot");
    assert.equal(config["shop:stage"], "prod");
    refuses(
      () => readStackConfig({ root, stack: "dev", configFile: "nowhere.yaml", overrides: [] }),
      /--config-file nowhere\.yaml: there is no such file/,
    );
  });

  it("takes overrides: nested, typed, of other namespaces, into lists", () => {
    const { config } = read(
      "dev",
      "fleet.maxRemovalPercent=20",
      "fleet.environment.NAME=a=b",
      "aws:region=us-west-2",
      "network.zones=[a, b]",
      "network.zones[1]=c",
      'size="08"',
    );
    assert.deepEqual(JSON.parse(config["shop:fleet"]!), {
      bucket: "b-one",
      maxRemovalPercent: 20,
      environment: { NAME: "a=b" },
    });
    assert.equal(config["aws:region"], "us-west-2");
    assert.deepEqual(JSON.parse(config["shop:network"]!), { zones: ["a", "c"] });
    assert.equal(config["shop:size"], "08");
    refuses(() => read("dev", "size="), /shop:size is empty/);
  });

  it("turns a section on that is off by default when a part of it is set", () => {
    const project = ["name: shop", "runtime: nodejs", "config:", "  cart:", "    type: object", "    default:"];
    writeFileSync(path.join(root, "Pulumi.yaml"), [...project, "      enabled: false"].join("\n"));
    const cart = (...overrides: string[]) => read("prod", ...overrides).config["shop:cart"];
    assert.equal(cart(), '{"enabled":false}');
    assert.equal(cart("cart.items.limit=2"), '{"items":{"limit":2}}');
    assert.equal(cart("cart.enabled=true"), '{"enabled":true}');
    stackFile("prod", "config:\n  shop:cart:\n    enabled: false\n    items: {}\n");
    assert.equal(
      cart("cart.items.limit=2"),
      '{"enabled":false,"items":{"limit":2}}',
      "the stack file's own word stands",
    );
  });

  it("refuses overrides that name nothing", () => {
    refuses(() => read("dev", "fleet"), /--config fleet: has no value/, /allowed: key=value/);
    refuses(() => read("dev", "=1"), /has no key/);
    refuses(() => read("dev", "fleet..x=1"), /empty or impossible part/);
    refuses(() => read("dev", "fleet.__proto__.x=1"), /empty or impossible part/);
    refuses(() => read("dev", "stage.x=1"), /shop:stage is "dev", not an object/);
  });

  it("puts a placeholder where a value is encrypted, and marks its key", () => {
    stackFile("dev", "config:\n  shop:token:\n    secure: v1:abc\n  shop:data:\n    password:\n      secure: v1:def\n");
    const { config, secretKeys } = read("dev");
    assert.deepEqual(secretKeys, ["shop:data", "shop:token"]);
    assert.ok(!JSON.stringify(config).includes("v1:"));
    assert.match(config["shop:token"]!, /^planned-secret-[0-9a-f]{24}$/);
  });

  it("puts one that the setting takes where PagerDuty's address is encrypted", () => {
    stackFile("dev", "config:\n  shop:monitoring:\n    pagerDutyUrl:\n      secure: v1:abc\n");
    const { pagerDutyUrl } = JSON.parse(read("dev").config["shop:monitoring"]!) as { pagerDutyUrl: string };
    assert.match(pagerDutyUrl, /^https:\/\/events\.pagerduty\.com\/integration\/planned-secret-[0-9a-f]{24}\/enqueue$/);
  });

  it("says that it leaves ESC environments out", () => {
    stackFile("dev", "environment:\n  - base\nconfig: {}\n");
    assert.match(read("dev").warnings.join(), /ESC environments/);
  });

  describe("with a model listing", () => {
    const fleet = (settings: StackConfig): unknown => JSON.parse(settings.config["shop:fleet"] ?? "null");

    it("reads the file that the option names, from its absolute path", () => {
      const file = path.join(root, "listing.txt");
      writeFileSync(file, "");
      const settings = withModels(read("dev"), file, root);
      assert.deepEqual(fleet(settings), { bucket: "b-one", source: "listing", listing: file });
      refuses(() => withModels(read("dev"), "nowhere.txt", root), /--models nowhere\.txt: there is no such file/);
      refuses(() => withModels(read("dev"), root, root), /--models .*: is a folder\n {2}allowed: /);
    });

    it("reads a real bucket when told to", () => {
      for (const [given, expected] of [
        ["s3://bucket-a", { bucket: "bucket-a" }],
        ["s3://bucket-a/", { bucket: "bucket-a" }],
        ["s3://bucket-a/models", { bucket: "bucket-a", prefix: "models/" }],
        ["s3://bucket-a/deep/models/", { bucket: "bucket-a", prefix: "deep/models/" }],
      ] as const) {
        assert.deepEqual(
          fleet(withModels(read("dev"), given, root)),
          { source: "bucket", allowMissingBucket: false, ...expected },
          given,
        );
      }
      refuses(() => withModels(read("dev"), "s3://", root), /names no bucket/);
    });

    it("reads the listing of the configuration, and never the bucket unasked", () => {
      const named = withModels(read("dev", "fleet.listing=models.txt"), undefined, root);
      assert.deepEqual(fleet(named), { bucket: "b-one", source: "listing", listing: path.join(root, "models.txt") });
      const unnamed = withModels(read("dev"), undefined, root);
      assert.equal((fleet(unnamed) as { source: string }).source, "listing");
      assert.match(unnamed.warnings.join(), /No model listing/);
    });

    it("refuses the option for a stack without a fleet", () => {
      refuses(() => withModels(read("prod"), "s3://bucket", root), /stack prod has no fleet/);
      assert.deepEqual(withModels(read("prod"), undefined, root), read("prod"));
    });
  });
});
