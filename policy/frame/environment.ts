/** Environment variables and texts that reach a program, in every resource that carries them. */
import type * as aws from "@pulumi/aws";
import { on, type Report, type ResourceRule } from "./policy";
import { listOf } from "./values";

/** One variable as it is written; `from` says that a secret store gives its value. */
export interface Variable {
  readonly name: string;
  readonly value: string;
}

interface Container {
  readonly name?: string;
  readonly environment?: readonly {
    readonly name?: string;
    readonly value?: unknown;
    readonly Name?: string;
    readonly Value?: unknown;
  }[];
}

const text = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);

/** Containers of a task or job definition, which AWS takes as JSON text. */
export function containersOf(definition: unknown): readonly (Container & Record<string, unknown>)[] {
  if (definition === undefined || definition === null || definition === "") return [];
  const parsed: unknown = typeof definition === "string" ? JSON.parse(definition) : definition;
  return listOf(parsed as (Container & Record<string, unknown>)[]);
}

function variablesOf(container: Container): Variable[] {
  return listOf(container.environment).map((one) => ({
    name: one.name ?? one.Name ?? "",
    value: text(one.value ?? one.Value),
  }));
}

const fromRecord = (record: Readonly<Record<string, unknown>> | undefined): Variable[] =>
  Object.entries(record ?? {}).map(([name, value]) => ({ name, value: text(value) }));

/** A rule about every plain variable of every resource type that has any. */
export function onVariables(check: (variables: readonly Variable[], report: Report) => void): ResourceRule[] {
  return [
    ...on<aws.lambda.FunctionArgs>("aws:lambda/function:Function", (fn, report) => {
      check(fromRecord(fn.environment?.variables), report);
    }),
    ...on<aws.ecs.TaskDefinitionArgs>("aws:ecs/taskDefinition:TaskDefinition", (task, report) => {
      check(containersOf(task.containerDefinitions).flatMap(variablesOf), report);
    }),
    ...on<aws.batch.JobDefinitionArgs>("aws:batch/jobDefinition:JobDefinition", (job, report) => {
      check(containersOf(job.containerProperties).flatMap(variablesOf), report);
    }),
    ...on<aws.codebuild.ProjectArgs>("aws:codebuild/project:Project", (project, report) => {
      const plain = listOf(project.environment.environmentVariables).filter(
        ({ type }) => (type ?? "PLAINTEXT") === "PLAINTEXT",
      );
      check(plain, report);
    }),
    ...on<aws.apprunner.ServiceArgs>("aws:apprunner/service:Service", (service, report) => {
      const { imageRepository, codeRepository } = service.sourceConfiguration;
      check(fromRecord(imageRepository?.imageConfiguration?.runtimeEnvironmentVariables), report);
      check(
        fromRecord(codeRepository?.codeConfiguration?.codeConfigurationValues?.runtimeEnvironmentVariables),
        report,
      );
    }),
    ...on<{ taskDefinitionArgs?: { container?: Container; containers?: Record<string, Container> } }>(
      ["awsx:ecs:FargateService", "awsx:ecs:EC2Service"],
      ({ taskDefinitionArgs: task }, report) => {
        const containers = [...Object.values(task?.containers ?? {}), ...(task?.container ? [task.container] : [])];
        check(containers.flatMap(variablesOf), report);
      },
    ),
    ...on<{ container?: Container; containers?: Record<string, Container> }>(
      ["awsx:ecs:FargateTaskDefinition", "awsx:ecs:EC2TaskDefinition"],
      (task, report) => {
        const containers = [...Object.values(task.containers ?? {}), ...(task.container ? [task.container] : [])];
        check(containers.flatMap(variablesOf), report);
      },
    ),
  ];
}

/** Names that say that the value is a secret, and those that only point at one. */
const secretName = /(pass(word|wd|phrase)?|secret|token|api_?key|private_?key|access_?key|credential|auth_?key)/i;
const pointerName =
  /(arn|name|id|path|file|url|uri|ttl|expiry|expires|header|ref|parameter|prefix|length|days|seconds|minutes|hours|count|enabled|type|encryption)$/i;

/** True for a name such as DB_PASSWORD, and not for DB_PASSWORD_SECRET_ARN. */
export const namesSecret = (name: string): boolean =>
  secretName.test(name.replace(/-/g, "_")) && !pointerName.test(name) && !/^(PUBLIC|NEXT_PUBLIC)_/.test(name);

/** Texts that are a secret by their form, whatever their name. */
const secretForms: readonly (readonly [kind: string, form: RegExp])[] = [
  ["an AWS access key", /\b(AKIA|ASIA)[A-Z0-9]{16}\b/],
  ["a private key", /-----BEGIN (RSA |EC |OPENSSH |DSA |PGP )?PRIVATE KEY/],
  ["a GitHub token", /\bgh[pousr]_[A-Za-z0-9]{36,}\b/],
  ["a Slack token", /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ["a live payment key", /\b[sr]k_live_[A-Za-z0-9]{16,}/],
  ["an Alpaca key", /\b(PK|AK)[A-Z0-9]{18}\b/],
  ["a JSON web token", /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./],
  ["a password in an address", /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@$%{]+:[^\s@/${%]{3,}@/i],
];

/** What kind of secret a text holds, if any. */
export function secretIn(value: string): string | undefined {
  return secretForms.find(([, form]) => form.test(value))?.[0];
}
