import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { ValidationError } from "../../components/common/validation";
import { policyKeys, validateDelivery } from "../../delivery/config";
import { projectRoot } from "../../sandbox/emulator";

const project = "trading-platform-delivery";
const root = projectRoot();

describe("configuration of the delivery", () => {
  const problems = (raw: Record<string, unknown>): string[] => {
    try {
      validateDelivery(raw);
    } catch (error) {
      assert.ok(error instanceof ValidationError);
      return error.issues.map(({ path: at, problem }) => `${at}: ${problem}`).sort();
    }
    return [];
  };

  it("shows all mistakes at once", () => {
    assert.deepEqual(
      problems({
        repository: "acme",
        stages: { dev: { stack: "dev", ttl: "soon" } },
        state: { keepVersionsDays: 1 },
        pulumi: {},
      }),
      [
        "pulumi: is not a setting",
        "repository: is not a repository of GitHub",
        "stages.dev.ttl: is not a time",
        "state.keepVersionsDays: is too small",
      ],
    );
    assert.deepEqual(problems({}), ["repository: is missing"]);
  });

  it("is right in the stack file that stands beside the program", () => {
    const { config } = parse(readFileSync(path.join(root, "delivery/Pulumi.main.yaml"), "utf8")) as {
      config: Record<string, unknown>;
    };
    const own = Object.entries(config)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]): [string, unknown] => [key.slice(project.length + 1), value])
      .filter(([key]) => !policyKeys.some((one) => one === key));
    assert.deepEqual(problems(Object.fromEntries(own)), []);
  });
});
