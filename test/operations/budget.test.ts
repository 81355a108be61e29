import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Budget } from "../../components/operations/budget";
import { validate } from "../../config";
import { allowanceFor } from "../../plan/budget/allowance";
import { limitOf, withLimit } from "../../plan/budget/limit";
import { everyStack } from "../../plan/checkov/run";
import { PriceBook } from "../../plan/cost/price-book";
import { makePlan } from "../../plan/plan";
import { register } from "../support/program";

const root = join(__dirname, "../..");

const build = (monthlyUsd = 450, warnAtPercent = 80) =>
  register(
    () =>
      new Budget("budget", {
        project: "trading-platform",
        stack: "prod",
        monthlyUsd,
        warnAtPercent,
        warningTopicArn: "arn:warning",
        criticalTopicArn: "arn:critical",
      }),
  );

describe("Budget", () => {
  it("limits a month's cost of what carries both of the stack's tags", async () => {
    const { inputs } = (await build()).one("aws:budgets/budget:Budget");
    assert.deepEqual(
      [inputs.budgetType, inputs.timeUnit, inputs.limitAmount, inputs.limitUnit],
      ["COST", "MONTHLY", "450", "USD"],
    );
    assert.deepEqual(inputs.filterExpression, {
      ands: [{ tags: { key: "project", values: ["trading-platform"] } }, { tags: { key: "stack", values: ["prod"] } }],
    });
  });

  it("tells of a forecast above the limit and of a share spent, and wakes somebody once it is passed", async () => {
    const { inputs } = (await build()).one("aws:budgets/budget:Budget");
    const told = (inputs.notifications as Record<string, unknown>[]).map((one) => [
      one.notificationType,
      one.threshold,
      one.subscriberSnsTopicArns,
    ]);
    assert.deepEqual(told, [
      ["FORECASTED", 100, ["arn:warning"]],
      ["ACTUAL", 80, ["arn:warning"]],
      ["ACTUAL", 100, ["arn:critical"]],
    ]);
  });

  it("refuses a limit and a share that cannot warn, both at once", async () => {
    await assert.rejects(
      build(0, 100),
      (error: Error) =>
        error.message.includes("monthlyUsd: is no limit") &&
        error.message.includes("warnAtPercent: does not warn before the limit is reached"),
    );
    const wrong = { stage: "dev", owner: "trading", monitoring: {}, budget: { monthlyUsd: -1 } };
    assert.throws(
      () => validate({ project: "p", organization: "o", stack: "s" }, wrong, "us-east-1"),
      /budget\.monthlyUsd: is no limit\n\s+value: +-1\n\s+allowed: more than 0\n\s+fix: +npm run budget/,
    );
  });

  it("needs somebody to tell", () => {
    const raw = { stage: "dev", owner: "trading", budget: { monthlyUsd: 100 } };
    assert.throws(() => validate({ project: "p", organization: "o", stack: "s" }, raw, "us-east-1"), /monitoring/);
  });

  describe("from the estimate", () => {
    it("is the estimate with headroom, rounded up to ten", () => {
      assert.equal(limitOf({ estimate: 702.15, extra: 0, headroomPercent: 30 }), 920);
      assert.equal(limitOf({ estimate: 100, extra: 0, headroomPercent: 0 }), 100);
      assert.equal(limitOf({ estimate: 100.01, extra: 0, headroomPercent: 0 }), 110);
      assert.equal(limitOf({ estimate: 350, extra: 150, headroomPercent: 20 }), 600);
      assert.equal(limitOf({ estimate: 0, extra: 0, headroomPercent: 0 }), 10);
    });
    it("is never below what it is made from", () => {
      const money = fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => Math.round(value * 100) / 100);
      fc.assert(
        fc.property(money, money, fc.integer({ min: 0, max: 200 }), (estimate, extra, headroomPercent) => {
          const limit = limitOf({ estimate, extra, headroomPercent });
          return limit % 10 === 0 && limit >= estimate + extra - 0.005;
        }),
      );
    });
    it("is written into a stack file without touching anything else of it", () => {
      for (const file of ["Pulumi.prod.yaml", "blueprints/betting-bot.yaml"]) {
        const text = readFileSync(join(root, file), "utf8");
        const set = withLimit(text, "trading-platform", 12_340);
        assert.equal(set.replace("monthlyUsd: 12340", /monthlyUsd: \d+/.exec(text)?.[0] ?? ""), text, file);
        const without = text.replace(/ {2}trading-platform:budget:\n( {4}.*\n)+/, "");
        assert.equal(
          withLimit(without, "trading-platform", 500).replace("  trading-platform:budget:\n    monthlyUsd: 500\n", ""),
          without,
        );
      }
    });
    it("is refused where the file has no place for it", () => {
      assert.throws(() => withLimit("name: x\n", "p", 1), /has no config to set a budget in/);
      assert.throws(() => withLimit("config:\n  p:budget: {}\n", "p", 1), /p:budget has no monthlyUsd to set/);
    });

    for (const { name, configFile } of everyStack(root)) {
      it(`of ${name} stands above what the planner says, and within twice of it`, async () => {
        const where = configFile ? { configFile } : { stack: name };
        const { plan, exceeded, missing, region } = await makePlan({ root, ...where, policies: false });
        assert.equal(exceeded, false, `estimated at ${plan.cost.monthly}: npm run budget sets the limit anew`);
        // The backtests' own budget is of one component.
        const budget = plan.resources.find(
          ({ type, inputs }) => type === "aws:budgets/budget:Budget" && inputs.costFilters === undefined,
        );
        const limit = Number(budget?.inputs.limitAmount);
        const all = plan.cost.monthly + allowanceFor(missing, PriceBook.of(region)).usd;
        assert.ok(limit >= all && limit <= 2 * all, `${limit} against ${all}`);
      });
    }
  });

  describe("what it sets aside for figures without a price", () => {
    const book = PriceBook.of("us-east-1");
    const measurable = (key: string) => allowanceFor(new Map([[key, 1]]), book).allowed[0];

    it("is never below a price that is known", () => {
      const known = book.keys().filter((key) => /^(rds\.\w+\.db|elasticache\.cache)\./.test(key));
      assert.ok(known.length >= 6, known.join());
      for (const key of known) {
        const price = book.find(key)?.usd ?? 0;
        const [one] = allowanceFor(new Map([[key, 100]]), book).allowed;
        assert.ok((one?.usd ?? 0) >= price * 100 - 0.005 && (one?.usd ?? 0) < price * 200, `${key} ${one?.usd}`);
      }
    });
    it("is measured by the instance of the same size, for all hours", () => {
      // 0.1008 an hour, 1.78125 times: what a db.m5.large costs above an m5.large.
      const { allowed, usd, open } = allowanceFor(new Map([["rds.postgres.db.r6g.large", 1460]]), book);
      assert.deepEqual(
        allowed.map(({ instance, times }) => [instance, times.toFixed(5)]),
        [["ec2.r6g.large", "1.78125"]],
      );
      assert.deepEqual([usd, open], [262.14, []]);
      assert.equal(measurable("elasticache.cache.t4g.micro")?.times.toFixed(2), "1.92");
    });
    it("leaves open what nothing measures", () => {
      const missing = new Map([
        ["guardduty.events", 5],
        ["rds.postgres.db.z9.huge", 730],
      ]);
      assert.deepEqual(allowanceFor(missing, book), {
        allowed: [],
        usd: 0,
        open: ["guardduty.events", "rds.postgres.db.z9.huge"],
      });
    });
  });

  describe("command", () => {
    const run = (...args: string[]) =>
      spawnSync("node", ["--require", "tsx/cjs", "plan/budget/cli.ts", ...args], { cwd: root, encoding: "utf8" });

    it("shows the limit, names what has no price, and writes when asked", () => {
      const folder = mkdtempSync(join(tmpdir(), "budget-"));
      const file = join(folder, "stack.yaml");
      copyFileSync(join(root, "Pulumi.dev.yaml"), file);
      const { status, stdout } = run("--config-file", file, "--extra", "100", "--headroom", "0", "--write");
      rmSync(folder, { recursive: true });
      assert.equal(status, 0);
      assert.match(
        stdout,
        /USD estimated, [\d.]+ USD set aside for what has no price, 100\.00 USD beside, 0 % above: a limit of \d+0 USD/,
      );
      assert.match(stdout, /rds\.postgres\.db\.t4g\.medium: \d+ h at 1\.78 times ec2\.t4g\.medium, .*: [\d.]+ USD/);
      assert.match(stdout, /Not in it, give --extra for it: .*schedule\.invocations/);
      assert.match(stdout, /npm run prices asks AWS for these prices, --prices takes yours/);
      assert.match(stdout, /written to /);
    });
    it("refuses bad usage with status 2 and no trace", () => {
      for (const args of [["no-such-stack"], ["dev", "--headroom", "much"], []]) {
        const { status, stderr } = run(...args);
        assert.equal(status, 2, args.join(" "));
        assert.doesNotMatch(stderr, /\n {4}at /);
      }
    });
  });
});
