import assert from "node:assert/strict";
import { ConfigurationError, readSettings } from "../src/config";

const good = {
  DATABASE_HOST: "db.internal",
  REDIS_URL: "redis://cache.internal:6379",
  PROVIDERS: "massive,alpaca",
  MASSIVE_API_KEY_SECRET: "market-data/keys#massive",
  ALPACA_KEY_ID: "key-id-1",
  ALPACA_SECRET_KEY: "secret-key-1",
};
const prod = {
  ...good,
  STAGE: "prod",
  REDIS_URL: "rediss://cache.internal:6379",
  JWT_PUBLIC_KEY: "-----BEGIN PUBLIC KEY-----",
};
const problemsOf = (env: Record<string, string>) => {
  try {
    readSettings(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.problems;
  }
};

describe("configuration", () => {
  it("takes what is given and fills in the rest", () => {
    const settings = readSettings({ ...good, STREAM_SYMBOLS: " AAPL, MSFT,", RATE_LIMITS: "" });
    assert.deepEqual(settings.STREAM_SYMBOLS, ["AAPL", "MSFT"]);
    assert.equal(settings.DATABASE_TLS, "off");
    assert.deepEqual(settings.secrets.MASSIVE_API_KEY, { reference: "market-data/keys#massive" });
    assert.deepEqual(settings.secrets.ALPACA_KEY_ID, { value: "key-id-1" });
    assert.equal(settings.RATE_LIMITS.quotes.perMinute.anonymous, 120);
    assert.equal(readSettings(prod).DATABASE_TLS, "verify");
  });

  const wrong: [string, Record<string, string>, RegExp][] = [
    ["nothing at all", {}, /DATABASE_HOST/],
    ["a port that is none", { ...good, PORT: "80a" }, /^PORT: /],
    ["an unknown stage", { ...good, STAGE: "staging" }, /^STAGE: /],
    ["limits that are not JSON", { ...good, RATE_LIMITS: "{quotes" }, /^RATE_LIMITS: is not JSON/],
    ["limits of an unknown endpoint", { ...good, RATE_LIMITS: '{"trades":{}}' }, /^RATE_LIMITS/],
    ["no provider", { ...good, PROVIDERS: "" }, /^PROVIDERS: names no provider/],
    ["an unknown provider", { ...good, PROVIDERS: "yahoo" }, /^PROVIDERS: yahoo is unknown/],
    [
      "a provider without its key",
      { ...good, MASSIVE_API_KEY_SECRET: "" },
      /^MASSIVE_API_KEY: provider massive needs it/,
    ],
    ["a secret twice", { ...good, MASSIVE_API_KEY: "x" }, /^MASSIVE_API_KEY: is set, and so is MASSIVE_API_KEY_SECRET/],
    ["a recording without its file", { ...good, PROVIDERS: "recorded" }, /^RECORDING_FILE: provider recorded needs it/],
    ["a password in the URL", { ...good, REDIS_URL: "redis://:hidden@cache:6379" }, /^REDIS_URL: holds a password/],
    ["another protocol", { ...good, REDIS_URL: "http://cache" }, /^REDIS_URL: /],
    [
      "recorded prices in prod",
      { ...prod, PROVIDERS: "recorded", RECORDING_FILE: "x" },
      /^PROVIDERS: recorded prices must not/,
    ],
    ["prod without TLS to Redis", { ...prod, REDIS_URL: "redis://cache:6379" }, /^REDIS_URL: prod needs rediss/],
    ["prod without TLS to PostgreSQL", { ...prod, DATABASE_TLS: "off" }, /^DATABASE_TLS: off is not allowed in prod/],
    ["prod without a token key", { ...prod, JWT_PUBLIC_KEY: "" }, /^JWT_PUBLIC_KEY: prod needs it/],
  ];
  for (const [what, env, message] of wrong) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(env);
      assert.ok(
        problems.some((problem) => message.test(problem)),
        problems.join("\n"),
      );
    });
  }

  it("shows every problem at once, and no value", () => {
    const env = { ...good, PORT: "x", STAGE: "y", REDIS_URL: "redis://:hidden@cache:6379" };
    const problems = problemsOf(env);
    assert.equal(problems.length >= 2, true);
    assert.doesNotMatch(problems.join("\n"), /hidden|secret-key-1/);
  });
});
