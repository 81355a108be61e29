import * as pulumi from "@pulumi/pulumi";
import type { Cloud, Statement } from "../components/common/iam";
import { DeployRole } from "./components/deploy-role";
import { federatedTrust, gitHubIssuer, IdentityProviders, pulumiIssuer } from "./components/identity-providers";
import { PermissionsBoundary } from "./components/permissions-boundary";
import { PulumiDeployments, type DeployedStage } from "./components/pulumi-deployments";
import { RegistryRole } from "./components/registry-role";
import { StateStore } from "./components/state-store";
import type { DeliverySettings } from "./config";
import { reaches, type Reach } from "./permissions/deploy-policy";
import type { StackPlan } from "./permissions/plans";

/** Operations of Pulumi Deployments, all with the deploying role. */
const operations = ["preview", "update", "refresh", "destroy", "detect-drift", "remediate-drift"] as const;

/**
 * The subject of GitHub's tokens that a role takes: a job in the stage's environment deploys, one of the branch (a schedule)
 * looks for drift, a pull request's previews.
 */
export function gitHubSubject({ repository, branch }: DeliverySettings, environment: string, reach: Reach): string {
  const subject = { deploy: `environment:${environment}`, drift: `ref:refs/heads/${branch}`, preview: "pull_request" };
  return `repo:${repository}:${subject[reach]}`;
}

/**
 * Roles of a stage. A preview decrypts what is secret in a stack's state, and a pull request's code runs beside it: live
 * trading has none. Its pull requests show the offline plan, and the preview runs after the approval.
 */
export const reachesOf = ({ stage }: Pick<StackPlan, "stage">): readonly Reach[] =>
  reaches.filter((reach) => reach !== "preview" || stage !== "prod");

function trustOf(
  providers: IdentityProviders,
  settings: DeliverySettings,
  stage: { readonly name: string; readonly stack: string; readonly environment?: string | undefined },
  reach: Reach,
): pulumi.Output<Statement[]> {
  const subject = gitHubSubject(settings, stage.environment ?? stage.name, reach);
  const organization = settings.pulumiCloud?.organization ?? "";
  const deployments = operations.map(
    (operation) =>
      `pulumi:deploy:org:${organization}:project:${settings.project}:stack:${stage.stack}:operation:${operation}:scope:write`,
  );
  return pulumi
    .all([providers.gitHubArn, providers.pulumiArn])
    .apply(([gitHub, cloud]) => [
      federatedTrust(gitHub, gitHubIssuer, "sts.amazonaws.com", [subject]),
      ...(cloud && reach === "deploy" ? [federatedTrust(cloud, pulumiIssuer, `aws:${organization}`, deployments)] : []),
    ]);
}

/** Makes everything, and returns the stack's outputs: role ARNs for GitHub's variables, addresses of state, the report. */
export function deliver(settings: DeliverySettings, cloud: Cloud, plans: readonly StackPlan[]) {
  const { state: stateSettings, pulumiCloud, project, repository, branch } = settings;
  const providers = new IdentityProviders("identity", {
    cloud,
    gitHubExists: settings.gitHubProviderExists,
    pulumiOrganization: pulumiCloud?.organization,
  });
  const state =
    stateSettings && new StateStore("state", { ...stateSettings, cloud, stages: Object.keys(settings.stages) });
  const stages = Object.entries(settings.stages).map(([name, stage], index) => ({
    name,
    ...stage,
    plan: plans[index],
  }));
  const branchOnly = providers.gitHubArn.apply((gitHub) => [
    federatedTrust(gitHub, gitHubIssuer, "sts.amazonaws.com", [`repo:${repository}:ref:refs/heads/${branch}`]),
  ]);
  const registry =
    settings.images.length > 0
      ? new RegistryRole("registry", { cloud, repositories: settings.images, trust: branchOnly })
      : undefined;
  const roles: Record<string, Record<string, pulumi.Output<string>>> = {};
  const wildcards: Record<string, DeployRole["wildcards"]> = {};
  const boundaries: Record<string, string> = {};
  const deployed: DeployedStage[] = [];
  const guarded = { cloud, project, deliveryProject: pulumi.getProject() };
  for (const { plan, ...stage } of stages) {
    if (!plan) throw new pulumi.RunError(`There is no plan of the stack ${stage.stack}`);
    const boundary = new PermissionsBoundary(`boundary-${stage.name}`, { plan, stage: stage.name, guarded });
    boundaries[stage.name] = boundary.policyName;
    const role = (reach: Reach) =>
      new DeployRole(`${reach}-${stage.name}`, {
        plan,
        guarded,
        reach,
        boundaryArn: stage.requireBoundary && reach === "deploy" ? boundary.arn : undefined,
        trust: trustOf(providers, settings, stage, reach),
        state: state?.access[stage.name],
      });
    const deploy = role("deploy");
    const others = reachesOf(plan).filter((reach) => reach !== "deploy");
    roles[stage.name] = { deploy: deploy.arn, ...Object.fromEntries(others.map((reach) => [reach, role(reach).arn])) };
    wildcards[stage.name] = deploy.wildcards;
    deployed.push({ name: stage.name, stack: stage.stack, stage: plan.stage, roleArn: deploy.arn, ttl: stage.ttl });
  }
  if (pulumiCloud)
    new PulumiDeployments("deployments", { settings: pulumiCloud, repository, branch, project, stages: deployed });
  return {
    roles,
    permissionsBoundaries: boundaries,
    wildcards,
    ...(registry && { registryRole: registry.arn }),
    ...(state && { backendUrl: state.backendUrl, secretsProviders: state.secretsProviders }),
  };
}
