import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { arnOf, policyDocument, type Cloud, type Statement } from "../../components/common/iam";
import { imagePush } from "../permissions/dependents";

export interface RegistryRoleArgs {
  readonly cloud: Cloud;
  /** Repositories of this account that images are pushed to. */
  readonly repositories: readonly string[];
  /** Statements of trust: whose tokens assume the role. */
  readonly trust: pulumi.Input<readonly Statement[]>;
}

/** Pushing to these repositories, and nothing else; tags are immutable, so nothing that runs can be replaced. */
export function pushStatements({ cloud, repositories }: Pick<RegistryRoleArgs, "cloud" | "repositories">): Statement[] {
  return [
    {
      Sid: "Push",
      Effect: "Allow",
      Action: [...new Set([...imagePush, "ecr:DescribeImages"])].sort(),
      Resource: repositories.map((name) => arnOf(cloud, "ecr", `repository/${name}`)),
    },
    // ECR's log-in knows no resource level; what may be pushed is said above.
    { Sid: "LogInToRegistry", Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
  ];
}

/**
 * The role that main's build pushes its images with: it deploys nothing.
 *
 * Makes: a role and its inline policy. Costs nothing.
 */
export class RegistryRole extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: RegistryRoleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trading:delivery:RegistryRole", name, {}, opts);
    const role = new aws.iam.Role(
      name,
      {
        description: `Pushes images: ${args.repositories.join(", ")}`,
        assumeRolePolicy: pulumi.output(args.trust).apply((trust) => JSON.stringify(policyDocument(trust))),
      },
      { parent: this },
    );
    const policy = JSON.stringify(policyDocument(pushStatements(args)));
    new aws.iam.RolePolicy(`${name}-push`, { role: role.id, policy }, { parent: this });
    this.arn = role.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
