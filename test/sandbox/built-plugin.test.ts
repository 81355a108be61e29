import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { isBuiltPlugin, mendBuiltPlugin } from "../../sandbox/built-plugin";

const token = "aws:secretsmanager/getSecretVersion:getSecretVersion";

describe("an aws plugin that was built from modules", () => {
  const home = mkdtempSync(path.join(tmpdir(), "plugin-home-"));
  const folder = path.join(home, "plugins", "resource-aws-v7.48.0");
  const file = path.join(folder, "mapping.json");
  before(() => void mkdirSync(folder, { recursive: true }));
  after(() => {
    rmSync(home, { recursive: true });
  });

  it("is left alone where it has no mapping, as Pulumi's own", () => {
    assert.equal(mendBuiltPlugin("aws-7.48.0", home), false);
    assert.equal(mendBuiltPlugin("aws-9.9.9", home), false);
    assert.equal(isBuiltPlugin("aws-7.48.0", home), false);
  });

  it("looks up one version of a secret once it is mended, and keeps all else", () => {
    const other = { aws_kms_key: "aws:kms/getKey:getKey" };
    const resources = { aws_vpc: { tok: "aws:ec2/vpc:Vpc" } };
    const dataSources = { aws_secretsmanager_secret_versions: token, ...other };
    writeFileSync(file, JSON.stringify({ resources, dataSources }));
    const metadata = path.join(folder, "bridge-metadata.json");
    const functions = { [token]: 1, "aws:kms/getKey:getKey": 1 };
    writeFileSync(metadata, JSON.stringify({ mux: { resources: { x: 0 }, functions } }));
    assert.equal(mendBuiltPlugin("aws-7.48.0", home), true);
    assert.equal(isBuiltPlugin("aws-7.48.0", home), true);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), {
      resources,
      dataSources: { ...other, aws_secretsmanager_secret_version: token },
    });
    assert.deepEqual(JSON.parse(readFileSync(metadata, "utf8")), {
      mux: { resources: { x: 0 }, functions: { ...functions, [token]: 0 } },
    });
    assert.equal(mendBuiltPlugin("aws-7.48.0", home), false);
  });
});
