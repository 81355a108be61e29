import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ValidationError } from "../../components/common/validation";
import { ContainerImage, contextHash, type ContainerImageArgs } from "../../components/services/container-image";
import { plain, register } from "../support/program";

const digest = `sha256:${"a".repeat(64)}`;
const context = join(__dirname, "fixtures", "image");
const args: ContainerImageArgs = { repositoryName: "clever-better-bot", digest, keyArn: "arn:key" };
const build = (change: Partial<ContainerImageArgs> = {}) =>
  register(() => {
    const image = new ContainerImage("bot", { ...args, ...change });
    return { uri: image.uri };
  });

describe("ContainerImage", () => {
  it("keeps images that never change, scanned, under a customer key, the last ten", async () => {
    const program = await build();
    const repository = program.one("aws:ecr/repository:Repository").inputs;
    assert.equal(repository.name, "clever-better-bot");
    assert.equal(repository.imageTagMutability, "IMMUTABLE");
    assert.deepEqual(repository.imageScanningConfiguration, { scanOnPush: true });
    assert.deepEqual(repository.encryptionConfigurations, [{ encryptionType: "KMS", kmsKey: "arn:key" }]);
    assert.equal(repository.forceDelete, false);
    const policy = JSON.parse(String(program.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs.policy)) as {
      rules: { selection: object; action: object }[];
    };
    assert.deepEqual(policy.rules[0]!.selection, {
      tagStatus: "any",
      countType: "imageCountMoreThan",
      countNumber: 10,
    });
    assert.equal(program.ofType("docker:index/image:Image").length, 0, "a digest builds nothing");
  });

  it("names the image by digest", async () => {
    const program = await build();
    assert.deepEqual(program.result.outputs, {
      uri: `123456789012.dkr.ecr.us-east-1.amazonaws.com/clever-better-bot@${digest}`,
    });
  });

  it("builds and pushes under a tag of its own contents, and runs the digest that the registry answers", async () => {
    const program = await build({ digest: undefined, build: { context, args: { A: "1" } }, architecture: "arm64" });
    const image = program.one("docker:index/image:Image").inputs;
    assert.match(String(image.imageName), /amazonaws\.com\/clever-better-bot:[0-9a-f]{20}$/);
    assert.equal((image.build as { platform: string }).platform, "linux/arm64");
    assert.notDeepEqual(image.registry, plain(image.registry), "the registry's password is a secret");
    assert.equal((plain(image.registry) as { username: string }).username, "AWS");
    assert.match((program.result.outputs as { uri: string }).uri, /clever-better-bot@sha256:[0-9a-f]{64}$/);
  });

  describe("the hash of a build", () => {
    const folder = mkdtempSync(join(tmpdir(), "image-"));
    after(() => rmSync(folder, { recursive: true }));
    const copy = (name: string) => {
      cpSync(context, join(folder, name), { recursive: true });
      return join(folder, name);
    };

    it("is the same wherever the folder lies", () => {
      assert.equal(contextHash({ context: copy("one") }), contextHash({ context }));
    });
    it("changes with a file's content, its name and the arguments", () => {
      const changed = copy("changed");
      writeFileSync(join(changed, "app"), "other");
      const added = copy("added");
      writeFileSync(join(added, "more"), "");
      const hashes = [
        contextHash({ context }),
        contextHash({ context: changed }),
        contextHash({ context: added }),
        contextHash({ context, args: { A: "1" } }),
        contextHash({ context, target: "test" }),
      ];
      assert.equal(new Set(hashes).size, hashes.length);
    });
    it("does not look into node_modules", () => {
      const other = copy("modules");
      mkdirSync(join(other, "node_modules"));
      writeFileSync(join(other, "node_modules", "x"), "");
      assert.equal(contextHash({ context: other }), contextHash({ context }));
    });
  });

  describe("refuses", () => {
    const table: [string, Partial<ContainerImageArgs>, RegExp][] = [
      ["a tag for a digest", { digest: "latest" }, /digest: does not pin an image[^]*sha256: and 64/],
      ["neither digest nor build", { digest: undefined }, /digest: is missing, and so is build/],
      ["both", { build: { context } }, /digest: is given beside build/],
      ["a name that ECR does not take", { repositoryName: "Bot" }, /repositoryName: cannot name a repository of ECR/],
      [
        "a folder without Dockerfile",
        { digest: undefined, build: { context: "nowhere" } },
        /build\.context: has no Dockerfile[^]*nowhere/,
      ],
      ["to keep nothing", { keepImages: 0 }, /keepImages: is not a number of images/],
    ];
    for (const [what, change, message] of table) {
      it(what, async () => {
        await assert.rejects(
          build(change),
          (error: unknown) => error instanceof ValidationError && message.test(error.message),
        );
      });
    }
  });
});
