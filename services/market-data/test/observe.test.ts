import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { ErrorTracker, webhook, type TrackedError } from "../src/observe/errors";
import { createLog, requestContext } from "../src/observe/log";
import { Metrics } from "../src/observe/metrics";
import { Redactor } from "../src/observe/redact";
import { Secrets } from "../src/secrets";
import { until } from "./support/servers";

const make = () => {
  const redactor = new Redactor();
  const text: string[] = [];
  const logStream = new PassThrough();
  logStream.on("data", (chunk: Buffer) => text.push(chunk.toString()));
  const log = createLog({ level: "debug", stage: "test", redactor, stream: logStream });
  const metricLines: string[] = [];
  const metrics = new Metrics("Test/Space", "test", (line) => metricLines.push(line));
  return {
    redactor,
    log,
    logged: () => text.join(""),
    metrics,
    metricLines,
    errors: new ErrorTracker(log, metrics, redactor),
  };
};

describe("log", () => {
  it("writes JSON lines with time, level, service and the request's id", async () => {
    const { log, logged } = make();
    requestContext.run({ requestId: "req-12345678" }, () => log.info("hello", { figure: 1 }));
    await until("the line", () => logged() !== "");
    const line = JSON.parse(logged()) as Record<string, unknown>;
    assert.match(String(line.timestamp), /^\d{4}-\d\d-\d\dT/);
    const { level, message, service, stage, requestId, figure } = line;
    assert.deepEqual(
      { level, message, service, stage, requestId, figure },
      {
        level: "info",
        message: "hello",
        service: "market-data",
        stage: "test",
        requestId: "req-12345678",
        figure: 1,
      },
    );
  });

  it("never lets a known secret through, wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9_+/=.-]{8,40}$/),
        fc.anything({ withNullPrototype: false, maxDepth: 3 }),
        (secret, noise) => {
          fc.pre(!"[redacted]".includes(secret));
          const redactor = new Redactor();
          redactor.add(secret);
          const value = {
            noise,
            text: `before ${secret} after`,
            list: [{ deep: [secret] }],
            error: new Error(`bad ${secret}`),
          };
          const clean = JSON.stringify(redactor.value(value), (_key, item: unknown) =>
            typeof item === "bigint" ? String(item) : item,
          );
          const { stack: _stack, ...rest } = (JSON.parse(clean) as { error: Record<string, unknown> }).error;
          assert.ok(
            !JSON.stringify([
              rest,
              (JSON.parse(clean) as { text: unknown }).text,
              (JSON.parse(clean) as { list: unknown }).list,
            ]).includes(secret),
          );
        },
      ),
    );
  });

  const hidden: [string, unknown][] = [
    ["a telling key", { password: "x1y2z3" }],
    ["a header", { headers: { Authorization: "Bearer x1y2z3", "set-cookie": ["x1y2z3"] } }],
    ["an API key's name", { apiKey: "x1y2z3", api_key: "x1y2z3", keyId: "x1y2z3", "apca-api-secret-key": "x1y2z3" }],
    ["a URL with credentials", { text: "postgres://user:x1y2z3@host/db" }],
    ["a URL with a key", { text: "https://api.example/v2?limit=1&apiKey=x1y2z3&x=1" }],
    ["a bearer token in text", { text: "sent Bearer x1y2z3 to them" }],
    ["a token in text", { text: `got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4MXkyejMifQ.x1y2z3` }],
    [
      "an HTTP client's error with its request",
      Object.assign(new Error("401"), { config: { headers: { k: "x1y2z3" } } }),
    ],
    ["a cause", new Error("outer", { cause: { token: "x1y2z3" } })],
  ];
  for (const [what, value] of hidden) {
    it(`hides ${what}`, () => assert.doesNotMatch(JSON.stringify(new Redactor().value({ value })), /x1y2z3/));
  }

  it("leaves ordinary text alone", () => {
    const value = {
      route: "/v1/quotes/:symbol",
      status: 200,
      text: "the token bucket is full",
      at: "2026-01-01T00:00:00Z",
    };
    assert.deepEqual(new Redactor().value(value), value);
  });
});

describe("metrics", () => {
  it("writes CloudWatch's embedded metric format: counts, gauges, percentiles by dimension", async () => {
    const { metrics, metricLines } = make();
    for (let i = 1; i <= 100; i += 1) metrics.time("HttpTime", i, { route: "/a" });
    metrics.count("HttpAnswers", { route: "/a" }, 3);
    metrics.gauge("Clients", 7);
    metrics.collect(() => metrics.gauge("Collected", 1));
    await metrics.flush();
    const lines = metricLines.map(
      (line) =>
        JSON.parse(line) as Record<string, unknown> & {
          _aws: {
            CloudWatchMetrics: {
              Namespace: string;
              Dimensions: string[][];
              Metrics: { Name: string; Unit: string }[];
            }[];
          };
        },
    );
    const byRoute = lines.find((line) => line.route === "/a");
    assert.ok(byRoute);
    const [directive] = byRoute._aws.CloudWatchMetrics;
    assert.equal(directive?.Namespace, "Test/Space");
    assert.deepEqual(directive.Dimensions, [["service", "stage", "route"]]);
    assert.deepEqual(
      new Set(directive.Metrics.map(({ Name, Unit }) => `${Name}:${Unit}`)),
      new Set([
        "HttpAnswers:Count",
        "HttpTimeCount:Count",
        "HttpTimeP50:Milliseconds",
        "HttpTimeP99:Milliseconds",
        "HttpTimeMax:Milliseconds",
      ]),
    );
    const near = (value: unknown, expected: number) =>
      assert.ok(Math.abs(Number(value) - expected) <= expected / 100, String(value));
    near(byRoute.HttpTimeP50, 50);
    near(byRoute.HttpTimeP99, 99);
    assert.equal(byRoute.HttpTimeCount, 100);
    assert.equal(byRoute.HttpAnswers, 3);
    const rest = lines.find((line) => line.Clients === 7);
    assert.equal(rest?.Collected, 1);
    metricLines.length = 0;
    await metrics.flush();
    assert.equal(metricLines.length, 1, "nothing is reported twice");
  });

  it("does not grow with made-up dimensions", async () => {
    const { metrics, metricLines } = make();
    for (let i = 0; i < 5000; i += 1) metrics.count("X", { invented: String(i) });
    await metrics.flush();
    assert.ok(metricLines.length <= 501, `${metricLines.length} lines`);
  });
});

describe("error tracking", () => {
  it("hands an error to its hooks once, redacted, and counts every one", async () => {
    const { errors, redactor, metrics, metricLines } = make();
    redactor.add("database-password");
    const seen: TrackedError[] = [];
    errors.use((error) => void seen.push(error));
    errors.use(() => Promise.reject(new Error("a hook that fails")));
    const fail = (id: number) => new Error(`order ${id} with database-password`);
    for (let i = 0; i < 5; i += 1) errors.capture(fail(i), "http", { token: "abc" });
    await until("the hook", () => seen.length > 0);
    await metrics.flush();
    assert.equal(seen.length, 1, "one outage is one error");
    assert.doesNotMatch(JSON.stringify(seen), /database-password|"abc"/);
    assert.ok(metricLines.some((line) => (JSON.parse(line) as { Errors?: number }).Errors === 5));
  });

  it("posts to a webhook", async () => {
    const bodies: string[] = [];
    const server: Server = createServer((request, response) => {
      let body = "";
      request
        .on("data", (chunk: Buffer) => (body += chunk.toString()))
        .on("end", () => {
          bodies.push(body);
          response.end();
        });
    }).listen(0);
    const { port } = server.address() as AddressInfo;
    const { errors } = make();
    errors.use(webhook(() => Promise.resolve(`http://127.0.0.1:${port}/hook`)));
    errors.capture(new Error("kaput"), "http");
    await until("the post", () => bodies.length === 1);
    server.closeAllConnections();
    server.close();
    assert.match(bodies[0] ?? "", /"source":"http".*kaput/);
  });
});

describe("secrets", () => {
  it("reads references with their JSON key, once a minute, and tells the redactor", async () => {
    const seen: string[] = [];
    let reads = 0;
    const secrets = new Secrets(
      {
        DATABASE_PASSWORD: { reference: "arn:aws:secretsmanager:us-east-1:1:secret:db#password" },
        JWT_SECRET: { value: "plain-value" },
      },
      (id) => {
        reads += 1;
        assert.equal(id, "arn:aws:secretsmanager:us-east-1:1:secret:db");
        return Promise.resolve('{"username":"u","password":"p4ssw0rd"}');
      },
      (value) => seen.push(value),
    );
    assert.equal(await secrets.get("DATABASE_PASSWORD"), "p4ssw0rd");
    assert.equal(await secrets.get("DATABASE_PASSWORD"), "p4ssw0rd");
    assert.equal(reads, 1);
    assert.deepEqual(seen, ["plain-value", "p4ssw0rd"]);
    assert.equal(await secrets.find("REDIS_PASSWORD"), undefined);
    await assert.rejects(secrets.get("REDIS_PASSWORD"), /Secret REDIS_PASSWORD is not configured/);
  });

  it("says what is wrong with a secret without showing it", async () => {
    const read = (text: string, reference: string) =>
      new Secrets(
        { JWT_SECRET: { reference } },
        () => Promise.resolve(text),
        () => undefined,
      ).get("JWT_SECRET");
    await assert.rejects(
      read("not json, hush", "a#key"),
      (error: Error) => /Secret a is not JSON, but key key/.test(error.message) && !/hush/.test(error.message),
    );
    await assert.rejects(
      read('{"other":"hush"}', "a#key"),
      (error: Error) => /Secret a has no key key/.test(error.message) && !/hush/.test(error.message),
    );
  });
});
