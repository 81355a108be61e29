import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { main } from "../../delivery/pin/cli";
import { placesOf, planPins, readPin } from "../../delivery/pin/pin";
import { projectRoot } from "../../sandbox/emulator";
import { assertTold, captured } from "../support/command";

const project = "trading-platform";
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

describe("the places of a stack that run an image", () => {
  const settings = {
    stage: "dev",
    fleet: { image: "model-trader:1", modelTypes: { pairs: { image: "registry.example:5000/team/model-trader" } } },
    services: {
      services: {
        bot: { image: { repositoryName: "bot", digest: digest("0") } },
        ml: { image: { repositoryName: "ml" } },
        own: { image: { repositoryName: "own", build: { context: "." } } },
        other: { image: `public.ecr.aws/x/other@${digest("1")}` },
      },
    },
    trader: { images: { trader: "", gateway: "ib-gateway:10" } },
    images: { kinds: ["trading"] },
    gpu: { image: { testImage: "nvidia/cuda:12" } },
  };
  const places = placesOf(settings, project);

  it("are found by repository, whatever the registry, tag or digest", () => {
    assert.deepEqual(
      places.map(({ path: at, repository }) => [at.slice(1).join("."), repository]),
      [
        ["image", "model-trader"],
        ["modelTypes.pairs.image", "team/model-trader"],
        ["services.bot.image.digest", "bot"],
        ["services.ml.image.digest", "ml"],
        ["services.other.image", "x/other"],
        ["images.gateway", "ib-gateway"],
      ],
    );
  });

  it("keep their registry and take the digest in place of the tag", () => {
    assert.deepEqual(
      places.map(({ pinned }) => pinned("D")),
      [
        "model-trader@D",
        "registry.example:5000/team/model-trader@D",
        "D",
        "D",
        "public.ecr.aws/x/other@D",
        "ib-gateway@D",
      ],
    );
  });

  const plan = (pins: string[], ifUsed = false) => planPins(pins.map(readPin), places, { stack: "dev", ifUsed });

  it("are named by path as well, each for itself", () => {
    for (const target of ["services.services.bot", "services.services.bot.image", "services.services.bot.image.digest"])
      assert.deepEqual(
        plan([`${target}=${digest("a")}`]).changes.map(({ path: at, after }) => [at.join("."), after]),
        [[`${project}:services.services.bot.image.digest`, digest("a")]],
        target,
      );
    assert.equal(plan([`fleet=${digest("a")}`]).changes.length, 1, "not the one of a model type");
  });

  it("change only where they say something else", () => {
    assert.deepEqual(plan([`x/other=${digest("1")}`]).changes, []);
    assert.deepEqual(plan([`bot=${digest("b")}`, `services.services.bot=${digest("b")}`]).changes.length, 1);
  });

  it("may lack an image only where that is asked for", () => {
    assert.deepEqual(plan([`nonesuch=${digest("a")}`, `bot=${digest("a")}`], true).unused, ["nonesuch"]);
  });

  const mistakes: [string[], RegExp][] = [
    [["bot"], /^bot: says no image and digest\n {2}allowed: <image>=sha256:/],
    [["=sha256:1"], /says no image and digest/],
    [["bot=latest"], /^bot=latest: does not pin an image: it is no digest\n {2}allowed: sha256: and 64/],
    [[`bot=${digest("A")}`], /it is no digest/],
    [[`bot=${digest("0")}`], /that digest stands for none/],
    [[`nonesuch=${digest("a")}`], /^nonesuch: dev runs no such image\n {2}allowed: model-trader \(fleet\.image\), /],
    [
      [`services.services.x=${digest("a")}`],
      /^services\.services\.x: dev has no such service or setting\n {2}allowed: /,
    ],
    [[`own=${digest("a")}`], /^own: dev runs no such image/],
    [
      [`bot=${digest("a")}`, `services.services.bot=${digest("b")}`],
      /^services\.services\.bot\.image\.digest: two digests are given for it: sha256:a+ and sha256:b+$/,
    ],
  ];
  for (const [pins, message] of mistakes)
    it(`tells the mistake in ${pins.join(" ").replace(/([0-9a-fA-F])\1{9,}/g, "$1…")}`, () => {
      assert.throws(() => plan(pins), { name: "UsageError", message });
    });

  it("of blue and green take a release one after the other", () => {
    const group = { image: { repositoryName: "terminal", digest: digest("1") } };
    const web = placesOf({ web: { groups: { blue: group, green: group } } }, project);
    const pins = (target: string) =>
      planPins([{ target, digest: digest("2") }], web, { stack: "dev", ifUsed: true }).changes.length;
    assert.throws(
      () => pins("terminal"),
      /more than one group of dev runs it[^]*allowed: web\.groups\.blue, web\.groups\.green/,
    );
    assert.equal(pins("web.groups.green"), 1);
  });
});

describe("npm run pin", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "pin-"));
    file = path.join(folder, "Pulumi.dev.yaml");
    copyFileSync(path.join(projectRoot(), "Pulumi.dev.yaml"), file);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const pin = (...args: string[]) => captured(main, "dev", ...args, "--folder", folder);
  const text = () => readFileSync(file, "utf8");

  it("writes the digest where the stack runs the image, its default too, and leaves the rest as it stands", async () => {
    writeFileSync(file, text().replace("listing: examples/models/dev.txt", "listing: examples/models/dev.txt # two"));
    const before = text();
    const dry = await pin(`model-trader=${digest("a")}`, "--dry-run");
    assert.deepEqual([dry.status, dry.stderr, text()], [0, "", before]);
    const done = await pin(`model-trader=${digest("a")}`);
    assert.equal(done.status, 0, done.stderr);
    assert.match(
      done.stdout,
      /^dev: 1 pinned\n {2}fleet\.image\n {4}- "model-trader:1"\n {4}\+ "model-trader@sha256:a+"\n/,
    );
    const { config } = parse(text()) as { config: Record<string, { image?: string }> };
    assert.equal(config[`${project}:fleet`]?.image, `model-trader@${digest("a")}`);
    assert.deepEqual(
      text()
        .split("\n")
        .filter((line) => !line.includes("model-trader@")),
      before.split("\n"),
      "comments and order stay",
    );
  });

  it("changes nothing the second time, and the digest alone the next time", async () => {
    await pin(`model-trader=${digest("a")}`);
    const once = text();
    const again = await pin(`model-trader=${digest("a")}`);
    assert.deepEqual([again.status, again.stdout, text()], [0, "dev: 0 pinned\n", once]);
    await pin(`model-trader=${digest("b")}`);
    assert.equal(text(), once.replace(digest("a"), digest("b")));
  });

  it("leaves out what the stack does not run, where that is asked for", async () => {
    const before = text();
    const { status, stdout } = await pin(`market-data=${digest("a")}`, "--if-used");
    assert.deepEqual([status, text()], [0, before]);
    assert.equal(stdout, "dev: 0 pinned\n  left out  market-data: dev does not run it\n");
  });

  it("tells mistakes by their message, with status 2, and writes nothing", async () => {
    const before = text();
    for (const [args, message] of [
      [[`market-data=${digest("a")}`], /market-data: dev runs no such image/],
      [["model-trader=1.0.0"], /it is no digest/],
      [[`model-trader=${digest("a")}`, "nonsense"], /says no image and digest/],
      [[], /missing required argument 'pins'/],
    ] as [string[], RegExp][]) {
      assertTold(await pin(...args), 2, message, args.join(" "));
    }
    assert.equal(text(), before);
    const { status, stderr } = await captured(main, "nonesuch", `x=${digest("a")}`, "--folder", folder);
    assert.equal(status, 2);
    assert.match(stderr, /^--folder \S+: has no Pulumi\.nonesuch\.yaml$/m);
  });
});
