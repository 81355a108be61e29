import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Cloud, type Statement } from "../../common/iam";

/** A service account and the role that Pod Identity gives to its pods. */
export interface PodRoleArgs {
  readonly cloud: Cloud;
  readonly clusterName: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly description: string;
  readonly managedPolicies?: readonly string[];
  readonly statements?: readonly pulumi.Input<Statement>[];
}

/** Who may take the role: Pod Identity, for pods of this one service account in this one cluster. */
export function podTrust(args: Pick<PodRoleArgs, "cloud" | "clusterName" | "namespace" | "serviceAccount">) {
  const { cloud } = args;
  return policyDocument([
    {
      Effect: "Allow",
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
      Condition: {
        StringEquals: {
          "aws:SourceAccount": cloud.accountId,
          "aws:RequestTag/eks-cluster-name": args.clusterName,
          "aws:RequestTag/kubernetes-namespace": args.namespace,
          "aws:RequestTag/kubernetes-service-account": args.serviceAccount,
        },
        ArnEquals: {
          "aws:SourceArn": `arn:${cloud.partition}:eks:${cloud.region}:${cloud.accountId}:cluster/${args.clusterName}`,
        },
      },
    },
  ]);
}

/** A role for the pods of one service account. */
export function podRole(name: string, args: PodRoleArgs, opts: pulumi.CustomResourceOptions): aws.iam.Role {
  const role = new aws.iam.Role(
    name,
    { description: args.description, assumeRolePolicy: JSON.stringify(podTrust(args)) },
    opts,
  );
  for (const policy of args.managedPolicies ?? []) {
    new aws.iam.RolePolicyAttachment(
      `${name}-${policy.split("/").at(-1) ?? policy}`,
      { role: role.name, policyArn: `arn:${args.cloud.partition}:iam::aws:policy/${policy}` },
      opts,
    );
  }
  if (args.statements && args.statements.length > 0)
    new aws.iam.RolePolicy(
      `${name}-own`,
      {
        role: role.id,
        policy: pulumi
          .all([...args.statements])
          .apply((statements) => JSON.stringify(policyDocument(statements as Statement[]))),
      },
      opts,
    );
  return role;
}

/** What the cluster autoscaler does: look everywhere, move only groups of this cluster. */
export function autoscalerStatements(cloud: Cloud, clusterName: string): Statement[] {
  return [
    {
      Sid: "Look",
      Effect: "Allow",
      Action: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ],
      Resource: "*", // EC2's and EC2 Auto Scaling's Describe calls know no resource level
    },
    {
      Sid: "NodeGroups",
      Effect: "Allow",
      Action: "eks:DescribeNodegroup",
      Resource: `arn:${cloud.partition}:eks:${cloud.region}:${cloud.accountId}:nodegroup/${clusterName}/*/*`,
    },
    {
      Sid: "Scale",
      Effect: "Allow",
      Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      Resource: `arn:${cloud.partition}:autoscaling:${cloud.region}:${cloud.accountId}:autoScalingGroup:*:autoScalingGroupName/*`,
      Condition: { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${clusterName}`]: "owned" } },
    },
  ];
}

/** What the driver of volumes needs of the key that encrypts them. */
export function volumeKeyStatements(keyArn: pulumi.Input<string>): pulumi.Input<Statement>[] {
  return [
    pulumi.output(keyArn).apply((Resource) => ({
      Sid: "UseKey",
      Effect: "Allow" as const,
      Action: [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ],
      Resource,
    })),
    pulumi.output(keyArn).apply((Resource) => ({
      Sid: "GrantKey",
      Effect: "Allow" as const,
      Action: "kms:CreateGrant",
      Resource,
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    })),
  ];
}
