import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { engineReport } from "../components/common/report";
import program from "../index";
import { renewProjectFile } from "../config/project-file";
import { planAnswers } from "../plan/evaluate/answers";
import { runProgram } from "../plan/evaluate/monitor";

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

describe("every stack and blueprint", () => {
  for (const file of stackFiles) {
    it(`${file} evaluates, each resource under a component and tagged`, async () => {
      const config = engineConfig(file);
      const region = config["aws:region"] ?? "";
      const { resources } = await runProgram(() => program({ ...engineReport, offline: true }), {
        project: "trading-platform",
        stack: "test",
        config,
        answers: planAnswers(region),
      });
      assert.ok(resources.length > 10, `${resources.length} resources`);
      const orphans = resources.filter(
        ({ parent, type }) => parent === null && !type.startsWith("trading:") && !type.startsWith("pulumi:providers:"),
      );
      assert.deepEqual(
        orphans.map(({ urn }) => urn),
        [],
      );
      const instances = resources.filter(
        ({ type }) => type === "aws:ec2/vpc:Vpc" || type === "aws:ec2/instance:Instance",
      );
      for (const { inputs, urn } of instances) {
        const tags = inputs.tags as Record<string, string>;
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

  it("knows the keys that Pulumi.yaml declares (else: npm run generate)", () => {
    const text = readFileSync(join(root, "Pulumi.yaml"), "utf8");
    assert.deepEqual(parse(renewProjectFile(text)), parse(text));
  });
});
