import assert from "node:assert/strict";
import fc from "fast-check";
import { formatIssue, ValidationError } from "../../components/common/validation";
import { validate } from "../../config";
import { didYouMean, editDistance, showPath } from "../../config/describe-issue";

const base = { project: "trading-platform", organization: "organization", stack: "test" };
const good = { stage: "dev", owner: "trading" };

function mistakes(raw: Record<string, unknown>, region: string | undefined = "us-east-1") {
  try {
    validate(base, raw, region);
  } catch (error) {
    assert.ok(error instanceof ValidationError);
    return error.issues;
  }
  return [];
}

describe("configuration", () => {
  it("fills a section's defaults in by stage", () => {
    const of = (stage: string) => validate(base, { ...good, stage, network: {} }, "us-east-1").network;
    assert.deepEqual([of("dev")?.nat, of("dev")?.zones, of("dev")?.endpoints.interface], ["single", 2, []]);
    assert.deepEqual([of("prod")?.nat, of("prod")?.zones, of("prod")?.flowLogs.retentionDays], ["per-zone", 3, 365]);
    assert.ok(of("prod")?.endpoints.interface.includes("secretsmanager"));
  });

  it("bounds the stack's roles where a policy is named; an empty text is none", () => {
    const of = (more: Record<string, unknown>) => validate(base, { ...good, ...more }, "us-east-1").permissionsBoundary;
    assert.deepEqual([of({}), of({ permissionsBoundary: "" })], [undefined, undefined]);
    assert.equal(of({ permissionsBoundary: "trading-platform-boundary-dev" }), "trading-platform-boundary-dev");
  });

  it("turns a section on by its presence, and off by its absence or enabled: false", () => {
    assert.equal(validate(base, good, "us-east-1").network, undefined);
    assert.equal(
      validate(base, { ...good, network: { enabled: false, cidr: "nonsense" } }, "us-east-1").network,
      undefined,
    );
    assert.equal(validate(base, { ...good, network: { enabled: true } }, "us-east-1").network?.cidr, "10.0.0.0/16");
  });

  it("takes a date without quotes, which Pulumi's command line hands on as a moment", () => {
    const waiver = { policy: "secret-rotates", resource: "*", reason: "broker's key", owner: "trading" };
    const expiresOf = (expires: string) =>
      validate(base, { ...good, policies: { waivers: [{ ...waiver, expires }] } }, "us-east-1").policies?.waivers[0]
        ?.expires;
    assert.equal(expiresOf("2027-03-31 00:00:00 +0000 UTC"), "2027-03-31");
    assert.equal(expiresOf("2027-03-31"), "2027-03-31");
    for (const expires of ["2027-02-30", "2027-03-31 12:00:00 +0000 UTC", "soon"]) {
      const [only] = mistakes({ ...good, policies: { waivers: [{ ...waiver, expires }] } });
      assert.deepEqual([only?.path, only?.problem], ["policies.waivers[0].expires", "is not a date"], expires);
    }
  });

  it("shows all mistakes of all sections at once", () => {
    const found = mistakes({ stage: "staging", owner: "", netwrok: {}, network: { nat: "many", cidr: 7 } }, "mars-1");
    assert.deepEqual(
      found.map(({ path }) => path).sort(),
      ["aws:region", "netwrok", "network.cidr", "network.nat", "owner", "stage"].sort(),
    );
  });

  const cases: [string, Record<string, unknown>, string][] = [
    ["a missing stage", { owner: "trading" }, "stage: is missing"],
    ["a stage that is none", { ...good, stage: "staging" }, "stage: is not a stage"],
    ["a missing owner", { stage: "dev" }, "owner: is missing"],
    ["an owner that cannot be a tag", { ...good, owner: "a\nb" }, "owner: cannot be a tag's value"],
    [
      "a boundary that is no policy",
      { ...good, permissionsBoundary: "arn:aws:iam::123456789012:role/x" },
      "permissionsBoundary: is no managed policy",
    ],
    ["a section that does not exist", { ...good, networks: {} }, "networks: is not a section"],
    ["a setting that does not exist", { ...good, network: { zone: 2 } }, "network.zone: is not a setting"],
    [
      "a nested setting that does not exist",
      { ...good, network: { flowLogs: { retention: 7 } } },
      "network.flowLogs.retention: is not a setting",
    ],
    ["a value of the wrong type", { ...good, network: { cidr: 10 } }, "network.cidr: is a number"],
    ["a choice that is none", { ...good, network: { nat: "many" } }, "network.nat: is not one of the choices"],
    ["a block that is none", { ...good, network: { cidr: "10.0.0.0" } }, "network.cidr: is not an IPv4 CIDR block"],
    ["too many zones", { ...good, network: { zones: 9 } }, "network.zones: is too large"],
    [
      "a retention that CloudWatch lacks",
      { ...good, network: { flowLogs: { retentionDays: 8 } } },
      "network.flowLogs.retentionDays: is not one of the choices",
    ],
    ["a section that is no object", { ...good, network: "yes" }, "network: is not an object"],
    ["a section that is empty", { ...good, network: null }, "network: is not an object"],
    [
      "public addresses in a Local Zone outside dev",
      { ...good, stage: "qa", network: { localZones: [{ zone: "us-east-1-chi-2a", egress: "elastic-ip" }] } },
      "network.localZones[0].egress: gives the hosts in us-east-1-chi-2a public addresses, which only dev allows",
    ],
    [
      "a zone outside the Region",
      { ...good, network: { zones: ["eu-west-1a"] } },
      "network.zones[0]: is not an Availability Zone of us-east-1",
    ],
  ];
  for (const [what, raw, message] of cases) {
    it(`refuses ${what}, saying where and how to mend it`, () => {
      const found = mistakes(raw);
      assert.deepEqual(
        found.map(({ path, problem }) => `${path}: ${problem}`),
        [message],
      );
      assert.ok(found[0]?.fix, "a way to mend it");
    });
  }

  it("tells what is allowed, from the schema itself", () => {
    const [nat] = mistakes({ ...good, network: { nat: "many" } });
    assert.equal(nat?.allowed, "one of none, single, per-zone");
    assert.equal(nat.value, "many");
    const [zone] = mistakes({ ...good, network: { zone: 2 } });
    assert.match(zone?.fix ?? "", /Did you mean zones\?/);
    assert.match(zone?.allowed ?? "", /^cidr, zones, subnets/);
  });

  it("refuses a Region that is a zone, and a missing one", () => {
    assert.equal(mistakes(good, "us-east-1a")[0]?.problem, "is not a Region");
    assert.equal(mistakes({ ...good }, "")[0]?.problem, "is missing");
  });

  it("names the Region that was meant, and takes one that is newer than the list", () => {
    const [only, ...others] = mistakes({ ...good, network: { zones: ["us-west-2a"] } }, "us-wst-2");
    assert.deepEqual(
      [only?.path, only?.problem, only?.fix],
      ["aws:region", "is not a Region", "Did you mean us-west-2?"],
    );
    assert.deepEqual(others, [], "zones are not judged by a Region that is guessed");
    assert.deepEqual(mistakes(good, "us-west-3"), []);
  });

  it("judges no relation between settings by a stage that is guessed", () => {
    const found = mistakes({ ...good, stage: "development", network: { zone: 2 }, monitoring: {}, gpu: { image: {} } });
    assert.deepEqual(
      found.map(({ path }) => path).filter((path) => path === "stage" || !/^(network\.zone|gpu)/.test(path)),
      ["stage"],
    );
    assert.ok(found.some(({ path }) => path === "network.zone"));
  });

  it("asks for quotes where a number or a switch would be accepted as text", () => {
    const [version] = mistakes({ ...good, site: { minimumTls: 1.2 } });
    assert.deepEqual(
      [version?.path, version?.problem, version?.value, version?.allowed, version?.fix],
      ["site.minimumTls", "is a number, not text", 1.2, 'one of "1.2", "1.3"', 'Put it in quotes: minimumTls: "1.2"'],
    );
    const [none] = mistakes({ ...good, site: { minimumTls: 1.4 } });
    assert.equal(none?.problem, "is not one of the choices");
  });

  it("refuses what was found among the keys of other namespaces", () => {
    const stray = [{ path: "trading-platfrm:fleet", problem: "is in no namespace that is read" }];
    assert.throws(() => validate(base, good, "us-east-1", stray), /1 mistake\n {2}trading-platfrm:fleet: is in no/);
  });

  it("refuses an owner that is no text, even one that cannot be shown as text", () => {
    for (const owner of [{ toString: {} }, ["desk"], null]) {
      assert.deepEqual(
        mistakes({ ...good, owner }).map(({ path }) => path),
        ["owner"],
      );
    }
  });

  it("never lets anything but ValidationError out, whatever is written", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("stage", "owner", "network", "fleet", "x"), fc.jsonValue()), (raw) => {
        mistakes(raw);
      }),
    );
  });

  it("renders an issue as what, value, allowed and fix", () => {
    assert.equal(
      formatIssue({ path: "a.b", problem: "is wrong", value: "x".repeat(200), allowed: "y", fix: "Do z." }),
      ["  a.b: is wrong", `    value:   "${"x".repeat(119)}…`, "    allowed: y", "    fix:     Do z."].join("\n"),
    );
  });
});

describe("did you mean", () => {
  it("finds a slip of the hand and nothing else", () => {
    assert.equal(didYouMean("netwrok", ["network", "fleet"]), "network");
    assert.equal(didYouMean("bananas", ["network", "fleet"]), undefined);
  });

  it("measures like an edit distance", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        assert.equal(editDistance(a, a), 0);
        assert.equal(editDistance(a, b), editDistance(b, a));
        assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
      }),
    );
    assert.equal(editDistance("kitten", "sitting"), 3);
  });

  it("writes paths as users do", () => {
    assert.equal(showPath(["services", "bot", "ports", 0, "name"]), "services.bot.ports[0].name");
  });
});
