import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Subject } from "../../delivery/verify/check";
import { endpointsOf } from "../../delivery/verify/endpoints";
import { renderVerification, verify } from "../../delivery/verify/verify";

/** Before the opening of a Friday. */
const night = new Date("2026-11-20T08:00:00Z");

describe("endpoints of a stack", () => {
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer((request, response) => {
      response.statusCode = { "/health": 200, "/bot/": 401, "/ml/": 503 }[request.url ?? ""] ?? 404;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  const settings = {
    web: { loadBalancer: { exposure: "internet" }, healthCheck: { path: "/health" } },
    services: {
      loadBalancer: { exposure: "internet" },
      services: {
        bot: { paths: ["/bot/*"], desiredCount: 1 },
        ml: { paths: ["/ml/*"], desiredCount: 2 },
        idle: { paths: ["/idle"], desiredCount: 0 },
        worker: { desiredCount: 1 },
      },
    },
  } as unknown as Subject["settings"];

  it("are those that face the internet", () => {
    const outputs = () => ({ web: { url: `${url}/` }, services: { url } });
    assert.deepEqual(endpointsOf(settings, outputs), {
      endpoints: [
        { url: `${url}/health`, below: 300 },
        { url: `${url}/bot/`, below: 500 },
        { url: `${url}/ml/`, below: 500 },
      ],
      unnamed: [],
    });
    const inside = {
      web: { ...settings.web, loadBalancer: { exposure: "internal" } },
    } as unknown as Subject["settings"];
    const none = () => assert.fail("a stack without public addresses needs no outputs");
    assert.deepEqual(endpointsOf(inside, none), { endpoints: [], unnamed: [] });
  });

  it("are no pass where the outputs do not name them", async () => {
    const look = async (of: object, outputs: Record<string, unknown>) => {
      const client = { region: "us-east-1", maxAttempts: 1 };
      const subject = { settings: of as Subject["settings"], outputs: () => outputs, urls: [], client, root: "" };
      const seen = await verify({ ...subject, now: night }, ["endpoints"]);
      const headline = renderVerification(seen).split("\n")[0]?.replace("undefined (undefined): ", "");
      const words = { pass: "fine", skipped: "fine", fail: "not fine", unknown: "not known to be fine" };
      assert.equal(headline, words[seen.checks[0]?.status ?? "pass"]);
      return [seen.ok, seen.checks[0]?.status, seen.checks[0]?.summary];
    };
    const lacks = "the stack's outputs do not name the address of";
    const asked = "was it deployed? (pulumi stack output --json)";
    assert.deepEqual(await look({ ...settings, site: {} }, {}), [
      false,
      "unknown",
      `${lacks} web, services, site: ${asked}`,
    ]);
    assert.deepEqual(await look({ web: settings.web, site: {} }, { web: { url } }), [
      false,
      "unknown",
      `1 of 1 address answer; ${lacks} site: ${asked}`,
    ]);
    assert.deepEqual(await look({ ...settings, site: {} }, { services: { url } }), [
      false,
      "fail",
      `1 of 2 addresses answer; ${lacks} web, site: ${asked}`,
    ]);
    assert.deepEqual(await look({ site: {} }, { site: { url: null } }), [false, "unknown", `${lacks} site: ${asked}`]);
    assert.deepEqual(await look({}, {}), [true, "skipped", "nothing of this stack faces the internet"]);
  });

  it("are asked, and a server's error or no answer is a finding", async () => {
    const subject = {
      settings,
      outputs: () => ({ web: { url }, services: { url } }),
      urls: [`${url}/none`, "http://127.0.0.1:1/"],
    };
    const seen = await verify({ ...subject, client: { region: "us-east-1", maxAttempts: 1 }, root: "", now: night }, [
      "endpoints",
    ]);
    assert.equal(seen.ok, false);
    assert.deepEqual(seen.checks[0]?.findings, [
      { what: `${url}/ml/`, problem: "answers 503; expected below 500" },
      { what: `${url}/none`, problem: "answers 404; expected below 300" },
      { what: "http://127.0.0.1:1/", problem: seen.checks[0]?.findings[2]?.problem },
    ]);
    assert.match(renderVerification(seen), /not fine\n {2}fail {5}endpoints {2}2 of 5 addresses answer\n/);
  });
});
