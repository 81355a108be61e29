import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { main } from "../../delivery/promote/cli";
import type { Update } from "../../delivery/common/history";
import { outOfOrder, planPromotion, type Side } from "../../delivery/promote/promotion";
import { changedText } from "../../delivery/promote/stack-file";
import { kindOf, kinds } from "../../delivery/promote/values";
import { projectRoot } from "../../sandbox/emulator";
import { assertTold, captured } from "../support/command";

const project = "trading-platform";
const root = projectRoot();
const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

/** An update as the engine's history has it. */
function update(config: Record<string, unknown>, fields: Partial<Update> = {}): Update {
  const entries = Object.entries(config).map(([key, value]) => {
    const entry = typeof value === "string" ? { value } : { value: JSON.stringify(value), objectValue: value };
    return [key, { ...entry, secret: false }] as const;
  });
  return {
    version: 7,
    kind: "update",
    result: "succeeded",
    startTime: "2026-11-20T12:00:00.000Z",
    config: Object.fromEntries(entries),
    ...fields,
  };
}

const fleet = { ami: "resolve:ssm:/trading/ami", instanceType: "c7i.large", image: "trader:7", maxRemovalPercent: 40 };
const dev: Side = { stack: "dev", stage: "dev", config: { [`${project}:fleet`]: fleet } };
const qa: Side = { stack: "qa", stage: "qa", config: { [`${project}:fleet`]: { instanceType: "t3.medium" } } };
const prod: Side = { stack: "prod", stage: "prod", config: { [`${project}:fleet`]: {} } };
const all = { project, kinds: [...kinds], keep: [] };

describe("what a promotion takes over", () => {
  it("is images and sizes, and nothing else", () => {
    assert.deepEqual(
      planPromotion(dev, qa, [update(dev.config)], all).changes.map(({ path: at, before, after }) => [
        at[1],
        before,
        after,
      ]),
      [
        ["ami", undefined, "resolve:ssm:/trading/ami"],
        ["instanceType", "t3.medium", "c7i.large"],
        ["image", undefined, "trader:7"],
      ],
    );
    const only = (kind: "ami" | "image" | "size") =>
      planPromotion(dev, qa, [update(dev.config)], { ...all, kinds: [kind] }).changes.map(({ path: at }) => at[1]);
    assert.deepEqual([only("ami"), only("image"), only("size")], [["ami"], ["image"], ["instanceType"]]);
  });

  it("knows each kind by the setting's name", () => {
    const cases: [string, string | undefined][] = [
      ["fleet.ami", "ami"],
      ["fleet.modelTypes.pairs.ami", "ami"],
      ["services.services.bot.image.digest", "image"],
      ["ingest.image", "image"],
      ["trader.images.trader", "image"],
      ["images.kinds", undefined],
      ["services.services.bot.memoryMiB", "size"],
      ["data.postgres.instanceClass", "size"],
      ["data.redis.nodeType", "size"],
      ["services.services.bot.desiredCount", undefined],
      ["network.cidr", undefined],
      ["x.digest", undefined],
    ];
    for (const [at, kind] of cases) assert.equal(kindOf(at.split(".")), kind, at);
  });

  it("refuses a value that the file has and the last deployment had not", () => {
    const ran = update({ [`${project}:fleet`]: { ...fleet, ami: "ami-00000001", image: undefined } });
    const { changes, refused } = planPromotion(dev, qa, [ran], all);
    assert.deepEqual(changes, [], "not even what was proven");
    assert.deepEqual(refused, [
      {
        path: "fleet.ami",
        value: "resolve:ssm:/trading/ami",
        reason: 'was not run: the last deployment had "ami-00000001"',
      },
      { path: "fleet.image", value: "trader:7", reason: "was not run" },
    ]);
  });

  it("refuses everything after a failed deployment, a destroy, or none", () => {
    const good = update(dev.config);
    const why = (from: Side, to: Side, history: Update[]) => planPromotion(from, to, history, all).refused[0]?.reason;
    assert.equal(why(dev, qa, []), "dev was never deployed");
    assert.match(
      why(dev, qa, [update({}, { result: "failed" }), good]) ?? "",
      /^the last deployment of dev .* failed$/,
    );
    assert.match(why(dev, qa, [update({}, { kind: "destroy" }), good]) ?? "", /^dev was destroyed on 2026/);
    assert.equal(why(dev, qa, [update({}, { kind: "refresh", result: "failed" }), good]), undefined);
  });

  it("goes from a stage to the next", () => {
    const order = "values go one stage at a time, dev to qa to prod";
    assert.deepEqual(
      [outOfOrder(dev, qa), outOfOrder(qa, prod), outOfOrder(dev, prod), outOfOrder(qa, dev), outOfOrder(dev, dev)],
      [undefined, undefined, order, order, order],
    );
    const paper: Side = { ...qa, stack: "paper" };
    assert.equal(outOfOrder(paper, dev), `${order}; paper is qa`);
    assert.equal(outOfOrder(paper, paper), `${order}; paper is qa`);
  });

  it("refuses placeholders, and what a secret in the section hides", () => {
    const services = { services: { bot: { image: { digest: digest("0") } } } };
    const from: Side = { ...dev, config: { [`${project}:services`]: services } };
    const to: Side = { ...qa, config: { [`${project}:services`]: { services: { bot: { image: {} } } } } };
    assert.match(planPromotion(from, to, [update(from.config)], all).refused[0]?.reason ?? "", /placeholder/);
    const hidden = update({}, { config: { [`${project}:fleet`]: { secret: true } } });
    assert.match(planPromotion(dev, qa, [hidden], all).refused[0]?.reason ?? "", /holds a secret/);
  });

  it("leaves out what the later stage has no place for, or keeps", () => {
    const config = {
      [`${project}:fleet`]: { modelTypes: { pairs: { ami: "ami-00000001" } } },
      [`${project}:trader`]: { ami: "ami-00000002" },
      [`${project}:services`]: { services: { bot: { cpuUnits: 512 }, ml: { cpuUnits: 1024 } } },
    };
    const from: Side = { ...dev, config };
    const to: Side = {
      ...qa,
      config: {
        [`${project}:fleet`]: {},
        [`${project}:trader`]: { enabled: false },
        [`${project}:services`]: { services: { ml: { cpuUnits: 256 } } },
      },
    };
    const planned = planPromotion(from, to, [update(config)], { ...all, keep: ["services.services.ml"] });
    assert.deepEqual(
      planned.changes.map(({ path: at }) => at.join(".")),
      [`${project}:fleet.modelTypes.pairs.ami`],
      "a model type's entry is made",
    );
    assert.deepEqual(
      planned.leftOut.map(({ path: at, reason }) => `${at}: ${reason}`),
      [
        "trader.ami: qa has no such section",
        "services.services.bot.cpuUnits: qa has no services.services.bot",
        "services.services.ml.cpuUnits: qa keeps its own (--keep)",
      ],
    );
  });

  it("lists the images for a live stage's policy, once", () => {
    const from: Side = { ...qa, config: { [`${project}:fleet`]: { ami: "resolve:ssm:/trading/ami" } } };
    const listed = (config: Side["config"]) =>
      planPromotion(from, { ...prod, config }, [update(from.config)], all).changes.find(
        ({ path: at }) => at[1] === "provenAmis",
      )?.after;
    assert.deepEqual(listed(prod.config), ["/trading/ami"]);
    const policies = { provenAmis: ["ami-1"], waivers: [] };
    assert.deepEqual(listed({ ...prod.config, [`${project}:policies`]: policies }), ["ami-1", "/trading/ami"]);
    assert.equal(listed({ ...prod.config, [`${project}:policies`]: { provenAmis: ["/trading/ami"] } }), undefined);
    const kept = planPromotion(from, prod, [update(from.config)], { ...all, keep: ["policies.provenAmis"] });
    assert.deepEqual(
      kept.changes.map(({ path: at }) => at[1]),
      ["ami"],
    );
    assert.equal(
      planPromotion(dev, qa, [update(dev.config)], all).changes.some(({ path: at }) => at[1] === "provenAmis"),
      false,
    );
  });
});

describe("npm run promote", () => {
  let folder: string;
  let history: string;
  const file = (name: string) => path.join(folder, name);
  const read = (stack: string) =>
    (parse(readFileSync(file(`Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, Record<string, unknown>> })
      .config;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "promote-"));
    history = file("history.json");
    for (const stack of ["dev", "qa", "prod"])
      copyFileSync(path.join(root, `Pulumi.${stack}.yaml`), file(`Pulumi.${stack}.yaml`));
    writeFileSync(
      file("Pulumi.qa.yaml"),
      readFileSync(file("Pulumi.qa.yaml"), "utf8").replace(
        "trading-platform:fleet:\n",
        "trading-platform:fleet:\n    ami: resolve:ssm:/trading/ami\n    image: model-trader:9 # proven on Friday\n",
      ),
    );
    writeFileSync(history, JSON.stringify([update(read("qa"))]));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const promote = (...args: string[]) => captured(main, ...args, "--folder", folder, "--history", history);

  it("writes the later stage's file, and only what it showed", async () => {
    const before = readFileSync(file("Pulumi.prod.yaml"), "utf8");
    const proven = (read("prod")[`${project}:policies`]?.provenAmis ?? []) as string[];
    const dry = await promote("qa", "prod", "--dry-run");
    assert.equal(dry.status, 0, dry.stderr);
    assert.match(dry.stdout, /fleet\.image\n {4}- \(not set\)\n {4}\+ "model-trader:9"/);
    assert.equal(readFileSync(file("Pulumi.prod.yaml"), "utf8"), before, "a dry run writes nothing");
    const done = await promote("qa", "prod");
    assert.equal(done.status, 0, done.stderr);
    assert.deepEqual(
      [
        read("prod")[`${project}:fleet`]?.ami,
        read("prod")[`${project}:fleet`]?.image,
        read("prod")[`${project}:policies`]?.provenAmis,
      ],
      ["resolve:ssm:/trading/ami", "model-trader:9", [...proven, "/trading/ami"]],
    );
    const added = readFileSync(file("Pulumi.prod.yaml"), "utf8").split("\n");
    assert.deepEqual(
      before.split("\n").filter((line) => !added.includes(line) && !line.includes("provenAmis:")),
      [],
      "every line of the file is still there, but for the list that grew",
    );
    assert.match((await promote("qa", "prod")).stdout, /^qa to prod: 0 changed/);
  });

  it("keeps each stack file as it is where nothing changes", async () => {
    for (const stack of ["dev", "qa", "prod"]) {
      const text = readFileSync(path.join(root, `Pulumi.${stack}.yaml`), "utf8");
      assert.equal(await changedText(text, []), text, stack);
    }
  });

  it("refuses with status 1 and writes nothing", async () => {
    const before = readFileSync(file("Pulumi.prod.yaml"), "utf8");
    writeFileSync(history, JSON.stringify([update({})]));
    const refused = await promote("qa", "prod");
    assert.equal(refused.status, 1);
    assert.match(refused.stdout, /refused {3}fleet\.ami "resolve:ssm:\/trading\/ami": was not run\n/);
    assert.match(refused.stdout, /Nothing was written\. Deploy qa with these values and verify it/);
    assert.equal(readFileSync(file("Pulumi.prod.yaml"), "utf8"), before);
  });

  it("asks a verification, where one is given", async () => {
    const seen = file("seen.json");
    const status = async (value: unknown) => {
      writeFileSync(seen, JSON.stringify(value));
      const { status: code, stdout } = await promote("qa", "prod", "--dry-run", "--verification", seen);
      return [code, /refused {3}qa: .*/.exec(stdout)?.[0].replace(seen, "F")];
    };
    assert.deepEqual(await status({ stack: "qa", ok: true }), [0, undefined]);
    assert.deepEqual(await status({ stack: "qa", ok: false }), [1, "refused   qa: --verification F: qa was not fine"]);
    assert.deepEqual(await status({ stack: "dev", ok: true }), [
      1,
      "refused   qa: --verification F: is about dev, not qa",
    ]);
  });

  it("refuses a promotion that makes the later stage's file invalid", async () => {
    writeFileSync(
      file("Pulumi.qa.yaml"),
      readFileSync(file("Pulumi.qa.yaml"), "utf8").replace("model-trader:9", "model-trader:10"),
    );
    writeFileSync(
      file("Pulumi.prod.yaml"),
      readFileSync(file("Pulumi.prod.yaml"), "utf8").replace("cidr: 10.30.0.0/16", "cidr: nonsense"),
    );
    const { status, stderr } = await promote("qa", "prod");
    assert.equal(status, 2);
    assert.match(stderr, /network\.cidr: is not an IPv4 CIDR block/);
  });

  it("tells mistakes by their message, with status 2", async () => {
    writeFileSync(file("nonsense"), "nonsense");
    for (const [args, message] of [
      [["qa"], /missing required argument 'to'/],
      [["qa", "nonesuch"], /^--folder \S+: has no Pulumi\.nonesuch\.yaml$/m],
      [["qa", "prod", "--folder", "/nonesuch"], /^--folder \/nonesuch: has no Pulumi\.qa\.yaml$/m],
      [["dev", "prod"], /^promote dev prod: values go one stage at a time, dev to qa to prod$/m],
      [["qa", "qa"], /^promote qa qa: values go one stage at a time/],
      [["qa", "prod", "--kinds", "colour"], /"colour" is no kind; allowed: ami, image, size/],
      [["qa", "prod", "--keep", ""], /It is empty/],
      [["qa", "prod", "--history", "/nonesuch"], /^--history \/nonesuch: there is no such file$/m],
      [["qa", "prod", "--history", folder], /^--history \S+: is a folder$/m],
      [["qa", "prod", "--history", file("nonsense")], /is no history/],
      [["qa", "prod", "--verification", "/nonesuch"], /--verification \/nonesuch: there is no such file/],
      [["qa", "prod", "--verification", file("nonsense")], /--verification \S+nonsense: is not JSON/],
    ] as [string[], RegExp][]) {
      assertTold(await captured(main, "--folder", folder, "--history", history, ...args), 2, message, args.join(" "));
    }
  });

  it("refuses a --keep that names no setting, for it would protect nothing", async () => {
    const before = readFileSync(file("Pulumi.prod.yaml"), "utf8");
    for (const [keep, message] of [
      [
        "fleet.instanceTyp",
        /^--keep fleet\.instanceTyp: is no setting\n {2}allowed: fleet\..*\n {2}fix: Did you mean fleet\.instanceType\?$/m,
      ],
      ["fleet.nothere", /^--keep fleet\.nothere: is no setting\n {2}allowed: fleet\.bucket/m],
      ["flet", /fix: Did you mean fleet\?/],
      ["flet.instanceType", /fix: Did you mean fleet\.instanceType\?/],
      ["fleet.instanceType.size", /^--keep fleet\.instanceType\.size: is no setting$/m],
      ["trading-platform:fleet", /is no setting\n {2}allowed: .*fleet/],
    ] as [string, RegExp][]) {
      const told = await promote("qa", "prod", "--keep", keep);
      assertTold(told, 2, message, keep);
      assert.equal(told.stdout, "", keep);
    }
    assert.equal(readFileSync(file("Pulumi.prod.yaml"), "utf8"), before);
    const kept = await promote("qa", "prod", "--dry-run", "--keep", "fleet.image", "--keep", "policies.provenAmis");
    assert.deepEqual([kept.status, /left out {2}fleet\.image: prod keeps its own/.test(kept.stdout)], [0, true]);
  });

  it("advises --keep only where a value was refused", async () => {
    writeFileSync(history, "[]");
    const { status, stdout } = await promote("qa", "prod");
    assert.equal(status, 1);
    assert.match(
      stdout,
      /refused {3}qa: qa was never deployed\nNothing was written\. Deploy qa and verify it first\.\n$/,
    );
  });
});
