import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { loadOwnPrices } from "../../../plan/cost/own-prices";
import { UsageError } from "../../../plan/failure";
import type { Plan } from "../../../plan/json";
import { plan, Scratch } from "../support/cli";

describe("prices of one's own", () => {
  let scratch: Scratch;
  let file: string;
  beforeEach(() => {
    scratch = new Scratch();
    file = scratch.file("prices.yaml");
  });
  afterEach(() => scratch.remove());

  const given = (text: string) => {
    writeFileSync(file, text);
    return loadOwnPrices(file, "prices.yaml");
  };

  it("are read with unit, source and date", () => {
    const price = { usd: 0.25, unit: "hour", source: "offer of 1 November", date: "2026-11-01" };
    const text =
      "rds.postgres.db.r6g.large: { usd: 0.25, unit: hour, source: offer of 1 November, date: 2026-11-01 }\n";
    assert.deepEqual(given(text), new Map([["rds.postgres.db.r6g.large", price]]));
    assert.deepEqual(given(""), new Map());
  });

  it("are refused without a source, a date, a unit or an amount, all mistakes at once", () => {
    assert.throws(
      () =>
        given(
          "a: { usd: 1, unit: hour, date: 2026-11-01 }\nb: { usd: cheap, source: ' ', date: today, currency: EUR }\n",
        ),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, /^--prices prices\.yaml: 6 mistakes$/m);
        assert.match(error.message, /^ {2}a\.source: is missing\n {4}allowed: a page, a contract or a bill/m);
        assert.match(error.message, /^ {2}b\.source: is too small$/m);
        assert.match(
          error.message,
          /^ {2}b\.usd: is a string\n.*"cheap"\n {4}allowed: an amount in USD such as 0\.225$/m,
        );
        assert.match(error.message, /^ {2}b\.unit: is missing\n {4}allowed: a unit such as hour$/m);
        assert.match(error.message, /^ {2}b\.date: is not a date\n.*\n {4}allowed: a date such as 2026-11-01$/m);
        assert.match(error.message, /^ {2}b\.currency: is not a setting\n.*\n {4}allowed: usd, unit, source, date$/m);
        return true;
      },
    );
    assert.throws(
      () => given("bogus: 1\n"),
      /--prices prices\.yaml: 1 mistake\n {2}bogus: is a number\n {4}value: +1\n/,
    );
    assert.throws(() => given("- x\n"), /--prices prices\.yaml:1:1: prices are a mapping of keys to usd/);
    assert.throws(() => given("a: [\n"), /--prices prices\.yaml:\d:\d: malformed YAML: /);
    assert.throws(
      () => loadOwnPrices(scratch.file("none"), "none"),
      /^UsageError: --prices none: there is no such file$/,
    );
    assert.throws(() => loadOwnPrices(scratch.folder, "."), /--prices \.: is a folder$/);
  });

  it("price a plan, and one that nothing uses is told", async () => {
    const out = scratch.file("plan.json");
    const price = "usd: 0.01, unit: hour, source: our contract, date: 2026-11-01";
    writeFileSync(file, `rds.postgres.db.t4g.medium: { ${price} }\nrds.postgres.db.t4g.mediun: { ${price} }\n`);
    const ran = await plan([
      "dev",
      "--no-policy",
      "--config",
      "budget.monthlyUsd=1000",
      "--prices",
      file,
      "--format",
      "json",
      "--out",
      out,
    ]);
    assert.equal(ran.status, 0, ran.stderr);
    const { cost, warnings } = JSON.parse(readFileSync(out, "utf8")) as Plan;
    assert.ok(!cost.unpriced.includes("aws:rds/instance:Instance"));
    const database = cost.lines.filter(({ basis }) => basis.includes("our contract, 2026-11-01"));
    assert.ok(database.length > 0);
    for (const { basis } of database) assert.match(basis, /db\.t4g\.medium postgres, Single-AZ: 730 x \$0\.01 a hour/);
    assert.ok(warnings.includes("Price rds.postgres.db.t4g.mediun of --prices is used by nothing in this plan"));
  });

  it("end a plan with status 2 where they make no sense", async () => {
    writeFileSync(file, "a: 1\n");
    const ran = await plan(["dev", "--no-policy", "--prices", file]);
    assert.equal(ran.status, 2);
    assert.match(ran.stderr, /--prices .*prices\.yaml: 1 mistake\n/);
    assert.doesNotMatch(ran.stderr, /\n +at /);
  });
});
