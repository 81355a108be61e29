import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { deployedPaths, preRunCommands } from "../../delivery/components/pulumi-deployments";
import { stackNames } from "../../plan/settings/project";
import { projectRoot } from "../../sandbox/emulator";

const root = projectRoot();

/** The keys that Pulumi's command line reads of the file. */
const shape = z.strictObject({
  settings: z.strictObject({
    sourceContext: z.strictObject({ git: z.strictObject({ branch: z.literal("refs/heads/main") }) }),
    gitHub: z.strictObject({
      repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
      deployCommits: z.boolean(),
      previewPullRequests: z.boolean(),
      paths: z.array(z.string()),
    }),
    operationContext: z.strictObject({
      preRunCommands: z.array(z.string()),
      oidc: z.strictObject({
        aws: z.strictObject({
          roleArn: z.string().startsWith("arn:aws:iam::"),
          sessionName: z.string(),
          duration: z.literal("2h"),
        }),
      }),
      options: z.strictObject({ skipInstallDependencies: z.literal(true) }),
    }),
  }),
});

describe("settings of Pulumi Deployments beside the stack files", () => {
  for (const stack of ["dev", "qa", "prod"]) {
    it(`${stack}: says what the delivery's own project says, and only dev goes by a push`, () => {
      const { settings } = shape.parse(parse(readFileSync(path.join(root, `Pulumi.${stack}.deploy.yaml`), "utf8")));
      assert.deepEqual(settings.gitHub.paths, [...deployedPaths, `Pulumi.${stack}.yaml`]);
      assert.deepEqual(settings.operationContext.preRunCommands, [...preRunCommands]);
      assert.equal(settings.gitHub.deployCommits, stack === "dev");
      assert.match(settings.operationContext.oidc.aws.roleArn, new RegExp(`role/deploy-${stack}$`));
    });
  }

  it("watch files that exist", () => {
    for (const one of deployedPaths) assert.ok(existsSync(path.join(root, one.replace(/\/\*\*$/, ""))), one);
  });

  it("are no stacks", () => {
    assert.deepEqual(
      stackNames(root).filter((name) => name.includes("deploy")),
      [],
    );
    assert.ok(stackNames(root).includes("dev"));
  });
});
