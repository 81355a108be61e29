import { gunzipSync } from "node:zlib";
import type * as aws from "@pulumi/aws";
import { containersOf, namesSecret, onVariables, secretIn } from "../frame/environment";
import { checkov, fsbp, on, pci, reference, type Policy, type Report } from "../frame/policy";
import { isGiven, isTrue, listOf } from "../frame/values";

/** More than what 16 KiB, the most that AWS takes, can be unpacked to. */
const longestText = 2 ** 25;

/** Text of bytes; compressed ones are unpacked, as cloud-init does. */
function textOf(bytes: Buffer): string {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString("utf8");
  try {
    return gunzipSync(bytes, { maxOutputLength: longestText }).toString("utf8");
  } catch {
    return ""; // cut off or damaged: no host can read it either
  }
}

/** Text of user data, which some resources take in base64, with what lies in it in base64 once more. */
export function userDataText(plain: string | undefined, base64: string | undefined): string {
  const text = (plain ?? "") + (base64 ? textOf(Buffer.from(base64, "base64")) : "");
  const within = [...text.matchAll(/(?<![\w+/])[A-Za-z0-9+/]{20,}(?:\r?\n[ \t]*[A-Za-z0-9+/]{4,})*={0,2}/g)]
    .map(([part]) => textOf(Buffer.from(part, "base64")))
    .filter((part) => part.length > 0 && !/[^\t\n\r\x20-\x7e]/.test(part.slice(0, 64)));
  return [text, ...within].join("\n");
}

/** `PASSWORD=hunter2` and the like; a reference to a variable, a command or a file is none. */
const assignment =
  /(?:^|[\s"'{,;])(?:export\s+)?["']?(\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY)\w*)["']?\s*[=:]\s*["']?([^\s"'$`<>{}()[\],;]{6,})/gi;

function checkText(text: string, report: Report): void {
  const kind = secretIn(text);
  if (kind) report(`user data holds ${kind}`);
  for (const [, name = "", value = ""] of text.matchAll(assignment)) {
    if (namesSecret(name) && !/^(arn:|\/|https?:|%|@)/.test(value)) report(`user data gives ${name} a value`);
  }
}

export const noSecretInUserData: Policy = {
  name: "no-secret-in-user-data",
  description: "User data holds no secret.",
  severity: "critical",
  level: "mandatory",
  fix: "Fetch the secret on the host, with its role, from Secrets Manager",
  url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html",
  frameworks: [pci("8.6.2")],
  checkov: checkov(46),
  rules: [
    ...on<aws.ec2.InstanceArgs>(
      [
        "aws:ec2/instance:Instance",
        "aws:ec2/spotInstanceRequest:SpotInstanceRequest",
        "aws:ec2/launchConfiguration:LaunchConfiguration",
      ],
      (host, report) => checkText(userDataText(host.userData, host.userDataBase64), report),
    ),
    ...on<aws.ec2.LaunchTemplateArgs>("aws:ec2/launchTemplate:LaunchTemplate", (template, report) =>
      checkText(userDataText(undefined, template.userData), report),
    ),
    ...on<aws.ec2.SpotFleetRequestArgs>("aws:ec2/spotFleetRequest:SpotFleetRequest", (fleet, report) => {
      for (const { userData } of listOf(fleet.launchSpecifications))
        checkText(userDataText(userData, userData), report);
    }),
    ...on<{ nodeUserData?: string; userData?: string }>(
      ["eks:index:NodeGroup", "eks:index:NodeGroupV2"],
      (group, report) => checkText(userDataText(group.nodeUserData ?? group.userData, undefined), report),
    ),
  ],
};

export const noSecretInEnvironment: Policy = {
  name: "no-secret-in-environment",
  description: "No plain environment variable has the name of a secret.",
  severity: "high",
  level: "mandatory",
  fix: "Hand over the secret's ARN: as a container secret, or for the function to read",
  url: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
  frameworks: [fsbp("ECS.8"), pci("8.6.2")],
  checkov: checkov(45, 173),
  rules: [
    ...onVariables((variables, report) => {
      for (const { name, value } of variables) {
        const points = /^(arn:|\/[\w/.-]+$|\$\{|\{\{|true$|false$|\d+$)/.test(value) || value === "";
        if (namesSecret(name) && !points) report(`the variable ${name} has a value in clear text`);
      }
    }),
    ...on<aws.lambda.FunctionArgs>("aws:lambda/function:Function", (fn, report) => {
      const variables = Object.keys(fn.environment?.variables ?? {});
      if (variables.length > 0 && !isGiven(() => fn.kmsKeyArn)) {
        report("its environment has no customer key (kmsKeyArn)", { advisory: true });
      }
    }),
  ],
};

export const secretRotates: Policy = {
  name: "secret-rotates",
  description: "Secrets are rotated.",
  severity: "medium",
  level: "mandatory",
  fix: "Add an aws.secretsmanager.SecretRotation; a key that a broker issues needs a waiver with its owner",
  url: reference("secretsmanager/secretrotation"),
  frameworks: [fsbp("SecretsManager.1")],
  checkov: checkov(304, "2:57"),
  rules: on<aws.secretsmanager.SecretRotationArgs>(
    "aws:secretsmanager/secretRotation:SecretRotation",
    (rotation, report) => {
      const days = rotation.rotationRules?.automaticallyAfterDays ?? 0;
      if (days > 90) report(`it rotates every ${days} days only`);
    },
  ),
  stackRule: (stack, report) => {
    for (const secret of stack.ofType("aws:secretsmanager/secret:Secret")) {
      const rotations = stack.referrers(secret, "aws:secretsmanager/secretRotation:SecretRotation", "secretId");
      if (rotations.length === 0) report("nothing rotates the secret", secret);
    }
  },
};

export const ecrImmutableAndScanned: Policy = {
  name: "ecr-immutable-and-scanned",
  description: "Image tags never move, and images are scanned when they are pushed.",
  severity: "medium",
  level: "mandatory",
  fix: "Set imageTagMutability: IMMUTABLE and imageScanningConfiguration.scanOnPush: true",
  url: reference("ecr/repository"),
  frameworks: [fsbp("ECR.1"), fsbp("ECR.2")],
  checkov: checkov(51, 163),
  rules: on<aws.ecr.RepositoryArgs>(["aws:ecr/repository:Repository", "awsx:ecr:Repository"], (repository, report) => {
    if (!repository.imageTagMutability?.startsWith("IMMUTABLE")) report("a tag may come to mean another image");
    if (!repository.imageScanningConfiguration?.scanOnPush) report("images are not scanned when they are pushed");
  }),
};

interface Container {
  readonly name?: string;
  readonly privileged?: boolean;
  readonly readonlyRootFilesystem?: boolean;
}

function checkContainer(container: Container, report: Report): void {
  const name = container.name ?? "the container";
  if (isTrue(container.privileged)) report(`${name} is privileged`);
  if (!isTrue(container.readonlyRootFilesystem))
    report(`${name} may write to its root file system`, { advisory: true });
}

export const containerNotPrivileged: Policy = {
  name: "container-not-privileged",
  description: "Containers have no rights on their host, and tasks other rights than what starts them.",
  severity: "high",
  level: "mandatory",
  fix: "Leave privileged, pidMode and ipcMode out, set readonlyRootFilesystem, and use two roles",
  url: reference("ecs/taskdefinition"),
  frameworks: [fsbp("ECS.3"), fsbp("ECS.4"), fsbp("ECS.5")],
  checkov: checkov(210, 334, 335, 336, 249),
  rules: [
    ...on<aws.ecs.TaskDefinitionArgs>("aws:ecs/taskDefinition:TaskDefinition", (task, report) => {
      if (task.pidMode === "host") report("its containers see the host's processes");
      if (task.ipcMode === "host") report("its containers share the host's memory");
      for (const container of containersOf(task.containerDefinitions)) checkContainer(container, report);
      if (
        isGiven(() => task.taskRoleArn) &&
        isGiven(() => task.executionRoleArn) &&
        task.taskRoleArn === task.executionRoleArn
      ) {
        report("its program has the rights of what starts it (one role for both)");
      }
    }),
    ...on<aws.batch.JobDefinitionArgs>("aws:batch/jobDefinition:JobDefinition", (job, report) => {
      for (const container of containersOf(job.containerProperties)) {
        if (isTrue((container as Container).privileged)) report("the job's container is privileged");
      }
    }),
    ...on<{ taskDefinitionArgs?: { container?: Container; containers?: Readonly<Record<string, Container>> } }>(
      "awsx:ecs:FargateService",
      ({ taskDefinitionArgs: task }, report) => {
        for (const container of [...Object.values(task?.containers ?? {}), ...listOf(task?.container)])
          checkContainer(container, report);
      },
    ),
    ...on<aws.codebuild.ProjectArgs>("aws:codebuild/project:Project", (project, report) => {
      if (project.environment.privilegedMode) report("builds have rights on their host", { advisory: true });
    }),
  ],
};

export const secrets: readonly Policy[] = [
  noSecretInUserData,
  noSecretInEnvironment,
  secretRotates,
  ecrImmutableAndScanned,
  containerNotPrivileged,
];
