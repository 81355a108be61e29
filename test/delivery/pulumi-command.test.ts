import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { EvaluationError } from "../../delivery/common/command";
import { askPulumi } from "../../delivery/common/engine";
import { readHistory } from "../../delivery/common/history";
import { main as verify } from "../../delivery/verify/cli";
import { captured } from "../support/command";

describe("the Pulumi CLI, asked by a command", () => {
  let bin: string;
  const saved = process.env.PATH;
  const pulumi = (script: string) => {
    writeFileSync(path.join(bin, "pulumi"), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, "pulumi"), 0o755);
  };

  beforeEach(() => {
    bin = mkdtempSync(path.join(tmpdir(), "bin-"));
    process.env.PATH = bin;
  });
  afterEach(() => {
    process.env.PATH = saved;
    rmSync(bin, { recursive: true });
  });

  it("gives what it prints, and is never left waiting for an answer", () => {
    pulumi('echo "$*"');
    assert.equal(askPulumi(["stack", "output"], bin), "stack output --non-interactive --color never\n");
  });

  it("is said to be missing, with the way to get it", () => {
    assert.throws(
      () => askPulumi(["stack", "output"], bin),
      (error: unknown) =>
        error instanceof EvaluationError &&
        /^pulumi stack output: the Pulumi CLI is not on the PATH\n {2}fix: install it/.test(error.message),
    );
  });

  it("fails with what it said last", () => {
    pulumi('echo "error: no stack named qa found" >&2; exit 255');
    assert.throws(
      () => askPulumi(["stack", "history"], bin),
      /pulumi stack history failed:\n {2}error: no stack named 'qa' found|no stack named qa found\n {2}fix: pulumi login/,
    );
  });

  it("gives a history, and nothing else is taken for one", () => {
    pulumi('echo \'[{"version": 1, "kind": "update", "result": "succeeded", "startTime": "2026-11-20T12:00:00Z"}]\'');
    assert.equal(readHistory("qa", undefined, bin)[0]?.kind, "update");
    pulumi("echo '[{}]'");
    assert.throws(
      () => readHistory("qa", undefined, bin),
      /--history qa: is no history\n {2}allowed: what `pulumi stack history --json --stack qa` prints/,
    );
  });
});

describe("verification without credentials", () => {
  it("does not know, says why and ends with status 3", async () => {
    const saved = { ...process.env };
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonesuch", AWS_PROFILE: "" });
    try {
      const { status, stdout } = await captured(verify, "qa", "--only", "alarms");
      assert.equal(status, 3);
      assert.match(
        stdout,
        /unknown {2}alarms {5}there are no AWS credentials: log in \(aws sso login\), or assume the stage's role/,
      );
    } finally {
      process.env = saved;
    }
  });
});
