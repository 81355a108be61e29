import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { awsSettings, strayKeys } from "../../config/namespaces";
import { projectRoot } from "../../plan/settings/project";

const project = "trading-platform";
const known = ["stage", "owner", "network", "fleet", "site"];

const told = (key: string, text = "text") =>
  strayKeys(project, { [key]: text }, known).map(({ path: at, problem, fix }) => `${at} ${problem}. ${fix ?? ""}`);

describe("keys of other namespaces", () => {
  const wrong: [key: string, text: string, problem: string, meant: string][] = [
    ["trading-platfrm:fleet", "{}", "is in no namespace that is read", "trading-platform:fleet"],
    ["trading-platfrm:stage", "dev", "is in no namespace that is read", "trading-platform:stage"],
    ["tradingplatform:flet", "{}", "is in no namespace that is read", "trading-platform:fleet"],
    ["platform:fleet", '{"listing":"models.txt"}', "is in no namespace that is read", "trading-platform:fleet"],
    ["aws:regin", "us-west-2", "is no setting of the AWS provider", "aws:region"],
    ["aws:defaulttags", "{}", "is no setting of the AWS provider", "aws:defaultTags"],
    ["asw:region", "us-west-2", "is in no namespace that is read", "aws:region"],
  ];
  for (const [key, text, problem, meant] of wrong) {
    it(`refuse ${key}, which nobody would read`, () => {
      assert.deepEqual(told(key, text), [`${key} ${problem}. Did you mean ${meant}? Otherwise remove the key.`]);
    });
  }

  it("are accepted where they are a provider's or Pulumi's own", () => {
    const theirs = [
      ...["aws:region", "aws:assumeRole", "aws:quiteAnotherSetting", "aws-native:region", "awsx:region"],
      ...["pulumi:tags", "pulumi:disable-default-providers", "pulumiservice:accessToken", "docker:host"],
      ...["eks:network", "kubernetes:kubeconfig", "github:owner", "unifi:site", "ethereum:network", "ovh:region"],
      ...["trading-platform:anything"],
    ];
    for (const key of theirs) assert.deepEqual(told(key), [], key);
    assert.deepEqual(told("kubernetes:network", "{}"), []);
  });

  it("show no value, which may be a secret", () => {
    assert.deepEqual(Object.keys(strayKeys(project, { "aws:secretKy": "hidden" }, known)[0] ?? {}), [
      "path",
      "problem",
      "fix",
    ]);
  });

  it("know every setting of the AWS provider that the project has", () => {
    const file = path.join(projectRoot(), "node_modules/@pulumi/aws/config/vars.d.ts");
    const declared = [...readFileSync(file, "utf8").matchAll(/export declare const (\w+):/g)].map(([, name]) => name);
    assert.deepEqual([...awsSettings].sort(), declared.sort());
  });
});
