import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { engineReport } from "../components/common/report";
import program from "../index";
import { renewProjectFile } from "../config/project-file";
import { planAnswers } from "../plan/evaluate/answers";
import { runProgram, type RunResult } from "../plan/evaluate/monitor";

const root = join(__dirname, "..");
const yamlFiles = (folder: string, pattern: RegExp) =>
  readdirSync(join(root, folder))
    .filter((file) => pattern.test(file))
    .map((file) => join(folder, file));
const stackFiles = [...yamlFiles(".", /^Pulumi\.[\w-]+\.yaml$/), ...yamlFiles("blueprints", /\.yaml$/)].filter(
  (file) => !file.endsWith(".deploy.yaml"),
);

/** A stack file's configuration as the engine hands it over, with the fleet read from its listing. */
function engineConfig(file: string): Record<string, string> {
  const { config } = parse(readFileSync(join(root, file), "utf8")) as { config: Record<string, unknown> };
  const fleet = config["trading-platform:fleet"];
  if (fleet && typeof fleet === "object") config["trading-platform:fleet"] = { ...fleet, source: "listing" };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/**
 * Whether a type of AWS's provider takes tags as a map, as its class says: it lists the output `tagsAll`. Left out are
 * functions of CloudFront, whose tags a provider of last year refuses.
 */
function takesTags(type: string): boolean {
  const [, module] = /^aws:(\w+\/\w+):/.exec(type) ?? [];
  if (module === undefined || module === "cloudfront/function") return false;
  return readFileSync(require.resolve(`@pulumi/aws/${module}`), "utf8").includes('resourceInputs["tagsAll"]');
}

const known = new Map<string, Promise<RunResult>>();

/** What a stack or blueprint registers, evaluated once. */
function evaluation(file: string, config: Record<string, string>): Promise<RunResult> {
  const result =
    known.get(file) ??
    runProgram(() => program({ ...engineReport, offline: true }), {
      project: "trading-platform",
      stack: "test",
      config,
      answers: planAnswers(config["aws:region"] ?? ""),
    });
  known.set(file, result);
  return result;
}

describe("every stack and blueprint", () => {
  for (const file of stackFiles) {
    it(`${file} evaluates, each resource under a component and tagged`, async () => {
      const config = engineConfig(file);
      const region = config["aws:region"] ?? "";
      const { resources } = await evaluation(file, config);
      assert.ok(resources.length > 10, `${resources.length} resources`);
      const orphans = resources.filter(
        ({ parent, type }) => parent === null && !type.startsWith("trading:") && !type.startsWith("pulumi:providers:"),
      );
      assert.deepEqual(
        orphans.map(({ urn }) => urn),
        [],
      );
      const tagged = resources.filter(({ type }) => takesTags(type));
      assert.ok(tagged.length > 10, `${tagged.length} resources take tags`);
      // Auto Scaling groups hand a list of tags on to their hosts.
      for (const { inputs, name } of resources.filter(({ type }) => type === "aws:autoscaling/group:Group")) {
        const own = inputs.tags as { key: string; value: string; propagateAtLaunch: boolean }[];
        const handed = own.filter(({ value, propagateAtLaunch }) => value !== "" && propagateAtLaunch);
        for (const tag of ["project", "stack", "stage", "owner"])
          assert.ok(
            handed.some(({ key }) => key === tag),
            `${name} hands on no ${tag}`,
          );
      }
      for (const { inputs, urn } of tagged) {
        const tags = (inputs.tags ?? {}) as Record<string, string>;
        for (const tag of ["project", "stack", "stage", "owner", "component"])
          assert.ok(tags[tag], `${urn} lacks ${tag}`);
      }
      for (const { type, inputs, urn } of resources) {
        if (type !== "aws:cloudwatch/metricAlarm:MetricAlarm") continue;
        const actions = [...((inputs.alarmActions as string[] | undefined) ?? [])];
        assert.notEqual(
          config["trading-platform:monitoring"] !== undefined && actions.length === 0,
          true,
          `${urn} tells nobody`,
        );
        for (const action of actions)
          assert.equal(action.split(":")[3], inputs.region ?? region, `${urn}: CloudWatch refuses ${action}`);
      }
    });
  }

  for (const file of stackFiles) {
    it(`${file} names each resource after its parent and its role, in words and dashes`, async () => {
      const { resources } = await evaluation(file, engineConfig(file));
      const names = new Map(resources.map(({ urn, name }) => [urn, name]));
      for (const { name, urn, parent } of resources) {
        const above = parent === null ? undefined : names.get(parent);
        if (above !== undefined) assert.ok(name === above || name.startsWith(`${above}-`), `${urn} is below ${above}`);
        // The names of AWS's own managed policies have underscores.
        assert.match(name, /^[a-z][A-Za-z0-9./-]*(-AWS_\w+|-AmazonEKS_\w+)?$/, urn);
      }
    });
  }

  it("knows the keys that Pulumi.yaml declares (else: npm run generate)", () => {
    const text = readFileSync(join(root, "Pulumi.yaml"), "utf8");
    assert.deepEqual(parse(renewProjectFile(text)), parse(text));
  });
});
