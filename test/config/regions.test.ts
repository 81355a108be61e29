import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { judgeRegion, regions } from "../../config/regions";
import { projectRoot } from "../../plan/settings/project";

describe("a Region", () => {
  it("is known where the AWS provider knows it", () => {
    const file = path.join(projectRoot(), "node_modules/@pulumi/aws/types/enums/index.d.ts");
    const [, declared = ""] = /export declare const Region: \{([^}]*)\}/.exec(readFileSync(file, "utf8")) ?? [];
    const codes = [...declared.matchAll(/readonly \w+: "([^"]+)"/g)].map(([, code]) => code);
    assert.ok(codes.length > 40);
    assert.deepEqual([...regions].sort(), codes.sort());
    for (const code of regions) assert.deepEqual(judgeRegion(code), { is: "known" });
  });

  it("is refused where it is a slip of the hand, and the one that was meant is named", () => {
    const slips = {
      "us-wst-2": "us-west-2",
      "us-esat-1": "us-east-1",
      "ap-southest-2": "ap-southeast-2",
      "ue-west-1": "eu-west-1",
      "us-east-1a": "us-east-1",
      "us-east1": "us-east-1",
      "US-EAST-1": "us-east-1",
    };
    for (const [code, meant] of Object.entries(slips))
      assert.deepEqual(judgeRegion(code), { is: "wrong", meant }, code);
    assert.deepEqual(judgeRegion("mars"), { is: "wrong", meant: undefined });
  });

  it("may be newer than the list", () => {
    for (const code of ["us-west-3", "ap-southwest-1", "nz-north-1", "sa-west-1", "us-midlands-1"]) {
      assert.deepEqual(judgeRegion(code), { is: "unknown" }, code);
    }
  });
});
