import type { Statement } from "../common/iam";

/** The right to pull images from repositories of ECR. */
export function pullStatements(repositoryArns: readonly string[]): Statement[] {
  return [
    {
      Sid: "RegistryLogin",
      Effect: "Allow",
      Action: "ecr:GetAuthorizationToken",
      Resource: "*", // ECR's GetAuthorizationToken knows no resource level
    },
    {
      Sid: "Pull",
      Effect: "Allow",
      Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      Resource: [...new Set(repositoryArns)],
    },
  ];
}
