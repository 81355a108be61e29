import * as pulumi from "@pulumi/pulumi";
import * as service from "@pulumi/pulumiservice";
import type { DeliverySettings } from "../config";

/** One stage that Pulumi Deployments deploys. */
export interface DeployedStage {
  readonly name: string;
  readonly stack: string;
  /** The stage, as the stack's plan says it. */
  readonly stage: string;
  readonly roleArn: pulumi.Input<string>;
  /** Time at which the stack is destroyed. */
  readonly ttl?: string | undefined;
}

export interface PulumiDeploymentsArgs {
  readonly settings: NonNullable<DeliverySettings["pulumiCloud"]>;
  readonly repository: string;
  readonly branch: string;
  readonly project: string;
  readonly stages: readonly DeployedStage[];
}

/** Longest session of a deployment's role. */
const sessionDuration = "2h";

/** What runs before the engine: the program's packages, exactly as they are locked. */
export const preRunCommands = ["npm ci --no-audit --no-fund"] as const;

/** Files whose change is a deployment. Documents and tests are none. */
export const deployedPaths = [
  "Pulumi.yaml",
  "package-lock.json",
  "index.ts",
  "components/**",
  "config/**",
  "lambdas/**",
  "policy/**",
  "wiring/**",
] as const;

/**
 * Pulumi Deployments for each stage: where its source is, which role it assumes, and on which push it runs. Only dev is
 * deployed by a push alone; the other stages follow by the workflow, whose environments ask for approval.
 *
 * Makes, a stage: deployment settings, a schedule that looks for drift (and never mends it by itself), a schedule that
 * destroys it where a time is given. For all: a policy group with the published pack.
 * Cost driver: minutes of Pulumi Deployments.
 */
export class PulumiDeployments extends pulumi.ComponentResource {
  constructor(name: string, args: PulumiDeploymentsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:PulumiDeployments", name, {}, opts);
    const child = { parent: this };
    const { organization, driftCron, policyPack } = args.settings;
    for (const stage of args.stages) {
      const at = { organization, project: args.project, stack: stage.stack };
      const settings = createSettings(`${name}-${stage.name}`, args, stage, child);
      const after = { parent: this, dependsOn: settings };
      new service.DriftSchedule(
        `${name}-${stage.name}-drift`,
        { ...at, scheduleCron: driftCron, autoRemediate: false },
        after,
      );
      if (stage.ttl !== undefined)
        new service.TtlSchedule(
          `${name}-${stage.name}-ttl`,
          { ...at, timestamp: stage.ttl, deleteAfterDestroy: false },
          after,
        );
    }
    new service.PolicyGroup(
      `${name}-policies`,
      {
        name: `${args.project}-stages`,
        organizationName: organization,
        policyPacks: [{ name: policyPack }],
        stacks: args.stages.map(({ stack }) => ({ name: stack, routingProject: args.project })),
      },
      child,
    );
    this.registerOutputs();
  }
}

function createSettings(
  name: string,
  args: PulumiDeploymentsArgs,
  stage: DeployedStage,
  opts: pulumi.CustomResourceOptions,
) {
  return new service.DeploymentSettings(
    name,
    {
      organization: args.settings.organization,
      project: args.project,
      stack: stage.stack,
      sourceContext: { git: { branch: `refs/heads/${args.branch}` } },
      vcs: {
        provider: "github",
        repository: args.repository,
        deployCommits: stage.stage === "dev",
        previewPullRequests: stage.stage === "dev",
        paths: [...deployedPaths, `Pulumi.${stage.stack}.yaml`],
      },
      operationContext: {
        preRunCommands: [...preRunCommands],
        oidc: {
          aws: { roleARN: stage.roleArn, sessionName: `${args.project}-${stage.stack}`, duration: sessionDuration },
        },
        options: { skipInstallDependencies: true },
      },
    },
    opts,
  );
}
