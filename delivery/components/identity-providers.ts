import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Cloud, Statement } from "../../components/common/iam";

/** Issuers of tokens, without their scheme. */
export const gitHubIssuer = "token.actions.githubusercontent.com";
export const pulumiIssuer = "api.pulumi.com/oidc";

export interface IdentityProvidersArgs {
  readonly cloud: Cloud;
  /** The account has GitHub's provider already. */
  readonly gitHubExists: boolean;
  /** Organization of Pulumi Cloud whose deployments assume roles. */
  readonly pulumiOrganization?: string | undefined;
}

/** One statement of trust: tokens of an issuer with these subjects and this audience, nothing else. */
export function federatedTrust(
  providerArn: string,
  issuer: string,
  audience: string,
  subjects: readonly string[],
): Statement & { readonly Principal: Readonly<Record<string, string>> } {
  return {
    Sid: issuer.startsWith("api.pulumi") ? "PulumiDeployments" : "GitHubActions",
    Effect: "Allow",
    Principal: { Federated: providerArn },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subjects } },
  };
}

/**
 * The identity providers whose tokens stand in for long-lived keys.
 *
 * Makes: GitHub's OIDC provider unless the account has it, and Pulumi Cloud's where an organization is given. Costs nothing.
 */
export class IdentityProviders extends pulumi.ComponentResource {
  readonly gitHubArn: pulumi.Output<string>;
  readonly pulumiArn: pulumi.Output<string> | undefined;

  constructor(name: string, args: IdentityProvidersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:IdentityProviders", name, {}, opts);
    const { cloud, gitHubExists, pulumiOrganization } = args;
    const provider = (role: string, issuer: string, audience: string) =>
      new aws.iam.OpenIdConnectProvider(
        `${name}-${role}`,
        { url: `https://${issuer}`, clientIdLists: [audience] },
        { parent: this },
      ).arn;
    this.gitHubArn = gitHubExists
      ? pulumi.output(`arn:${cloud.partition}:iam::${cloud.accountId}:oidc-provider/${gitHubIssuer}`)
      : provider("github", gitHubIssuer, "sts.amazonaws.com");
    this.pulumiArn = pulumiOrganization ? provider("pulumi", pulumiIssuer, `aws:${pulumiOrganization}`) : undefined;
    this.registerOutputs({ gitHubArn: this.gitHubArn, pulumiArn: this.pulumiArn });
  }
}
