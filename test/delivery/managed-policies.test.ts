import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { managedActions, managedName } from "../../delivery/permissions/managed-policies";
import { covers } from "../../policy/frame/documents";
import { projectRoot } from "../../sandbox/emulator";
import { evaluated, stackFiles } from "../support/every-stack";

/** Prints the allowed actions of AWS-managed policies by name, from the copy of AWS's documents that the emulator brings. */
const print = `
import json, sys
from moto.iam.aws_managed_policies import aws_managed_policies_data
documents, found = json.loads(aws_managed_policies_data), {}
for name in sys.argv[1:]:
    statements = documents[name]["Document"]["Statement"]
    actions = [one["Action"] for one in statements if one["Effect"] == "Allow"]
    found[name] = sorted({a for some in actions for a in ([some] if isinstance(some, str) else some)})
print(json.dumps(found))
`;

/** What AWS's documents allow and the boundary leaves out or holds in a statement of its own, and why. */
const leftOut: readonly RegExp[] = [
  /^iam:(PassRole|CreateServiceLinkedRole)$/, // statements of their own, with the roles named
  /^(backup-gateway|cloudformation|ds|dsql|eks|fsx|redshift|redshift-serverless|ssm-sap|storagegateway|timestream):/, // no stack saves these
  /^guardduty:\w+MalwareScan$/, // scans of backups are not turned on
  /^s3:/, // the stack's own buckets, and what AWS publishes in its own
  /^ssm:(CancelCommand|GetCommandInvocation|SendCommand)$/, // snapshots of Windows hosts
];

describe("what AWS-managed policies do", () => {
  it("is within the words that are noted for each that a stack attaches, by AWS's own documents", async function () {
    const python = path.join(projectRoot(), ".emulator/bin/python");
    if (!existsSync(python)) {
      console.error("      skipped: the emulator is not installed; `npm run sandbox` does it");
      return this.skip();
    }
    const attached: string[] = [];
    for (const file of stackFiles)
      for (const { type, inputs } of (await evaluated(file)).result.resources)
        if (type === "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
          attached.push(managedName(String(inputs.policyArn)));
    // What AWS Config reads is cut down to the stack's services on purpose.
    const names = [...new Set(attached)].filter((name) => name !== "AWS_ConfigRole");
    assert.ok(names.length > 10);
    const output = execFileSync(python, ["-c", print, ...names], { encoding: "utf8", maxBuffer: 1 << 26 });
    const stack = ["dynamodb:X", "ec2:X", "elasticfilesystem:X", "rds:X"];
    for (const [name, actions] of Object.entries(JSON.parse(output) as Record<string, string[]>)) {
      const patterns = managedActions(name, stack);
      const missing = actions.filter(
        (action) => !patterns.some((one) => covers(one, action)) && !leftOut.some((form) => form.test(action)),
      );
      assert.deepEqual(missing, [], name);
    }
  });
});
