import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { formatIssue, ValidationError } from "../../components/common/validation";
import { validate } from "../../config";
import { projectRoot } from "../../plan/settings/project";

type Raw = Record<string, unknown>;

/** The configuration of a blueprint, without its namespace. */
function blueprint(name: string): Raw {
  const { config } = parse(readFileSync(path.join(projectRoot(), "blueprints", `${name}.yaml`), "utf8")) as {
    config: Raw;
  };
  const prefix = "trading-platform:";
  return Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

/** The messages of a blueprint with one value changed; `undefined` takes the value away. */
function messages(raw: Raw, at: string, value: unknown): string[] {
  const changed = structuredClone(raw);
  const keys = at.split(".");
  const last = keys.pop() ?? "";
  const owner = keys.reduce<Raw>((inner, key) => (inner[key] ??= {}) as Raw, changed);
  if (value === undefined) Reflect.deleteProperty(owner, last);
  else owner[last] = value;
  try {
    validate({ project: "trading-platform", organization: "organization", stack: "test" }, changed, "us-east-1");
  } catch (error) {
    assert.ok(error instanceof ValidationError);
    return error.issues.map(formatIssue);
  }
  return [];
}

/** One wrong value each: blueprint, key, value, and what the message says of it. */
const table: readonly [from: string, at: string, value: unknown, message: RegExp][] = [
  [
    "web-terminal",
    "web.hostTags",
    { "a/b": "c" },
    /web\.hostTags.*has a name that a host cannot read of itself.*allowed: names/s,
  ],
  ["ai-platform", "kubernetes.workloads", {}, /applications\.models: is no service and no workload of this stack/],
  ["ai-platform", "kubernetes.version", "1.28", /^\s*kubernetes\.version: .*out of support.*1\.28.*allowed: .*1\.35/s],
  ["ai-platform", "kubernetes.version", "1.99", /^\s*kubernetes\.version: .*1\.99.*allowed:/s],
  [
    "ai-platform",
    "kubernetes.publicAccessCidrs",
    ["203.0.113.0/24"],
    /publicAccessCidrs: opens the API of a live cluster to networks outside.*Session Manager/s,
  ],
  [
    "ai-platform",
    "kubernetes.nodeGroups.batch.capacity",
    "cheap",
    /kubernetes\.nodeGroups\.batch\.capacity: .*"cheap".*allowed: .*spot/s,
  ],
  [
    "ai-platform",
    "kubernetes.nodeGroups.general.nodes",
    { min: 3, desired: 3 },
    /kubernetes\.nodeGroups\.general\.nodes\.max: is missing/,
  ],
  ["ai-platform", "kubernetes.backup.retentionDays", 0, /kubernetes\.backup\.retentionDays: .*0/s],
  ["ai-platform", "kubernetes.nodeGroup", {}, /kubernetes\.nodeGroup: .*nodeGroups/s],
  ["ai-platform", "network", undefined, /kubernetes: needs the section network, which is off.*fix: /s],
  [
    "betting-bot",
    "services.services.bot.cpuUnits",
    300,
    /services\.services\.bot\.cpuUnits: .*300.*allowed: .*256.*512/s,
  ],
  [
    "betting-bot",
    "services.services.bot.memoryMiB",
    5000,
    /services\.services\.bot\.memoryMiB: .*5000.*allowed: .*1024/s,
  ],
  [
    "betting-bot",
    "services.services.ml.deployment.strategy",
    "big-bang",
    /services\.services\.ml\.deployment\.strategy: .*"big-bang".*allowed: .*canary/s,
  ],
  ["betting-bot", "services.services.ml.deployment.canaryPercent", 90, /canaryPercent: .*90.*50/s],
  [
    "betting-bot",
    "services.services.bot.image",
    "clever-better-bot:latest",
    /services\.services\.bot\.image: .*latest.*allowed: <repository>@sha256/s,
  ],
  ["betting-bot", "services.services.bot.image.digest", "latest", /services\.services\.bot\.image.*sha256/s],
  ["betting-bot", "services.services.bot.healthCheck.intervalSeconds", 1, /healthCheck\.intervalSeconds: .*1.*5/s],
  ["betting-bot", "services.services.bot.stopTimeoutSeconds", 600, /stopTimeoutSeconds: .*600.*120/s],
  [
    "betting-bot",
    "services.loadBalancer.exposure",
    "public",
    /services\.loadBalancer\.exposure: .*"public".*allowed: .*internet/s,
  ],
  [
    "betting-bot",
    "services.loadBalancer.minimumTls",
    "1.1",
    /services\.loadBalancer\.minimumTls: .*"1\.1".*allowed: .*1\.2/s,
  ],
  [
    "betting-bot",
    "services.loadBalancer.domain.zoneId",
    "example.com",
    /zoneId: is not the id of a hosted zone.*"example\.com"/s,
  ],
  ["betting-bot", "services.egress", "none", /services\.egress: .*"none".*allowed: .*https/s],
  ["web-terminal", "web.groups.blue.instances.min", -1, /web\.groups\.blue\.instances\.min: .*-1/s],
  ["web-terminal", "web.scaling.targetCpuPercent", 95, /web\.scaling\.targetCpuPercent: .*95.*90/s],
  ["web-terminal", "web.port", "http", /web\.port: .*"http"/s],
  [
    "web-terminal",
    "web.loadBalancer.firewall.rateLimits",
    [{ name: "free", requests: 1, windowSeconds: 300 }],
    /web\.loadBalancer\.firewall\.rateLimits\[0\]\.requests: .*1.*10/s,
  ],
  [
    "web-terminal",
    "web.loadBalancer.firewall.rateLimits",
    [{ name: "free", requests: 600, windowSeconds: 7 }],
    /web\.loadBalancer\.firewall\.rateLimits\[0\]\.windowSeconds: .*7.*allowed: .*60/s,
  ],
  ["web-terminal", "site.edges", "mars", /site\.edges: .*"mars".*allowed: one of all/s],
  ["web-terminal", "site.api.paths", [], /site\.api\.paths: /],
  [
    "web-terminal",
    "web.loadBalancer.domain",
    undefined,
    /site\.api\.domainName: is missing, and there is no web tier with a domain.*fix: .*api\.domainName/s,
  ],
  [
    "web-terminal",
    "images",
    { kinds: ["trading"], create: true, requireProof: true },
    /images\.create: makes pointers to images that nothing proves.*npm run ami/s,
  ],
];

describe("the configuration of services and edge", () => {
  it("takes the blueprints as they are", () => {
    for (const name of ["ai-platform", "betting-bot", "web-terminal"]) {
      const raw = blueprint(name);
      assert.deepEqual(messages(raw, "owner", raw.owner), [], name);
    }
  });

  for (const [from, at, value, message] of table) {
    it(`refuses ${at} ${value === undefined ? "left out" : `= ${JSON.stringify(value)}`}`, () => {
      const found = messages(blueprint(from), at, value);
      assert.ok(
        found.some((text) => message.test(text)),
        `${String(message)} is not in:\n${found.join("\n") || "no message"}`,
      );
      for (const text of found) assert.doesNotMatch(text, /undefined|\[object/);
    });
  }
});
