import assert from "node:assert/strict";
import { on, type Policy } from "../../policy/frame/policy";
import { globTest, readWaivers, WaiverBook } from "../../policy/frame/waivers";
import { analyze, analyzeStack, unknown } from "./support/pack";
import { a as typed } from "./support/tables";

const a = (...args: Parameters<typeof typed>) => typed(...args).given;
const base = {
  severity: "low",
  level: "mandatory",
  description: "Is so.",
  fix: "Do so",
  url: "https://docs.aws.amazon.com/",
} as const;
const policy = (rest: Partial<Policy>): Policy => ({ ...base, name: "test-policy", ...rest });
const waiver = { policy: "p", resource: "r", reason: "because", owner: "me", expires: "2027-01-31" };

describe("the pack's frame", () => {
  it("counts a rule that throws as a violation", async () => {
    const broken = policy({
      level: "advisory",
      rules: on<{ x?: string }>("test:index:Thing", () => {
        throw new TypeError("no such thing");
      }),
      stackRule: () => {
        throw new Error("nor this");
      },
    });
    const found = await analyzeStack(broken, [a("test:index:Thing")]);
    assert.deepEqual(
      found.map(({ message }) => message),
      [
        "it: could not be checked, which counts as a violation (no such thing). Do so",
        "could not be checked, which counts as a violation (nor this). Do so",
      ],
    );
    const strict = await analyze({ ...broken, level: "mandatory" }, a("test:index:Thing"));
    assert.equal(strict[0]?.enforcement, "mandatory");
  });

  it("keeps what was found before a value turned out unknown", async () => {
    const reads = policy({
      rules: on<{ first?: string; second?: string }>("test:index:Thing", (props, report) => {
        if (props.first === "bad") report("first is bad");
        if (props.second === "bad") report("second is bad");
      }),
    });
    const found = await analyze(reads, a("test:index:Thing", { first: "bad", second: unknown }));
    assert.deepEqual(
      found.map(({ enforcement }) => enforcement),
      ["mandatory", "advisory"],
    );
  });

  it("shows a rule only the resources of its type", async () => {
    const seen: string[] = [];
    const types = policy({
      rules: on<object>(["test:index:A", "test:index:B"], (_props, _report, { type }) => void seen.push(type)),
    });
    await analyzeStack(types, [
      a("test:index:A"),
      a("test:index:B", {}, { name: "b" }),
      a("test:index:C", {}, { name: "c" }),
    ]);
    assert.deepEqual(seen, ["test:index:A", "test:index:B"]);
  });

  it("links resources by what their properties are made of", async () => {
    const links: string[] = [];
    const linked = policy({
      stackRule: (stack) => {
        const [bucket] = stack.ofType("test:index:Bucket");
        for (const one of stack.referrers(bucket!, "test:index:Rule", "bucket")) links.push(one.name);
        links.push(stack.ofType("test:index:Child")[0]!.parent!.name);
      },
    });
    await analyzeStack(linked, [
      a("test:index:Bucket", {}, { name: "bucket" }),
      a("test:index:Rule", {}, { name: "mine", refs: { bucket: "bucket" } }),
      a("test:index:Rule", {}, { name: "other", refs: { target: "bucket" } }),
      a("test:index:Child", {}, { name: "child", parent: "bucket" }),
    ]);
    assert.deepEqual(links, ["mine", "bucket"]);
  });

  it("reads waivers and refuses what is incomplete", () => {
    assert.deepEqual(readWaivers(undefined, "w"), { waivers: [], refused: [] });
    assert.deepEqual(readWaivers("x", "w").refused, [{ where: "w", problem: "is not a list" }]);
    assert.deepEqual(readWaivers([waiver], "w").waivers, [waiver]);
    assert.deepEqual(readWaivers([{ ...waiver, expires: "2027-01-31 00:00:00 +0000 UTC" }], "w").waivers, [waiver]);
    assert.deepEqual(readWaivers([{ ...waiver, owner: undefined }], "w").refused, [
      { where: "w[0]", problem: "has no owner" },
    ]);
    assert.deepEqual(
      readWaivers([null], "w", "p").refused[0]?.problem,
      "has no resource, no reason, no owner, no expires",
    );
    for (const expires of ["2027-02-30", "2027-1-1", "tomorrow", "2027-01-31T00:00:00Z"]) {
      assert.match(readWaivers([{ ...waiver, expires }], "w").refused[0]!.problem, /not a date/, expires);
    }
  });

  it("matches waivers by name, URN and glob, and prefers one that still holds", () => {
    assert.ok(globTest("a.b*")("a.bc"));
    assert.ok(!globTest("a.b*")("aXbc"));
    assert.ok(!globTest("fleet")("fleet-2"));
    const old = { ...waiver, resource: "*", expires: "2026-01-01" };
    const book = new WaiverBook([old, waiver]);
    const target = { name: "r", urn: "urn:pulumi:s::p::t::r" };
    assert.equal(book.find("p", target, "2026-06-01"), waiver);
    assert.equal(book.find("p", { ...target, name: "q" }, "2026-06-01"), old);
    assert.equal(book.find("other", target, "2026-06-01"), undefined);
    assert.deepEqual(new WaiverBook([waiver]).unused(), [waiver]);
    assert.deepEqual(book.unused(), []);
  });

  it("holds a waiver through its last day", async () => {
    const settings = { waivers: [{ ...waiver, policy: "ebs-volume-encrypted", resource: "it" }] };
    const level = async (today: string) =>
      (await analyze("ebs-volume-encrypted", a("aws:ebs/volume:Volume"), { settings, today }))[0]?.enforcement;
    assert.equal(await level("2027-01-31"), "advisory");
    assert.equal(await level("2027-02-01"), "mandatory");
  });
});
