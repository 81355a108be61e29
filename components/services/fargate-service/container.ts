/** The one container of a service, as ECS reads it: pure. */
import type { FargateServiceArgs } from ".";

/** What is only known during the deployment. */
export interface ContainerValues {
  readonly image: string;
  readonly logGroup: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** A secret as ECS names it: the ARN, or `<arn>:<field>::` for one field of a JSON secret. */
export function secretReference(reference: string): string {
  const [arn, field] = reference.split("#");
  return field ? `${arn}:${field}::` : reference;
}

/** Seconds that a container has for its work after SIGTERM. */
export function stopTimeout(args: Pick<FargateServiceArgs, "stopTimeoutSeconds" | "singleton">): number {
  return args.stopTimeoutSeconds ?? (args.singleton ? 120 : 30);
}

/** The container's definition: no privileges, a read-only root, logs that never hold the application up. */
export function containerDefinition(
  name: string,
  args: Pick<
    FargateServiceArgs,
    "cloud" | "port" | "healthCheck" | "command" | "stopTimeoutSeconds" | "singleton" | "executeCommand"
  >,
  values: ContainerValues,
) {
  const { command, intervalSeconds = 30 } = args.healthCheck ?? {};
  return {
    name,
    image: values.image,
    essential: true,
    privileged: false,
    // A shell opened by ECS Exec writes its agent into the root file system.
    readonlyRootFilesystem: !args.executeCommand,
    linuxParameters: { initProcessEnabled: true, capabilities: { drop: ["ALL"] } },
    mountPoints: [{ sourceVolume: "tmp", containerPath: "/tmp", readOnly: false }],
    stopTimeout: stopTimeout(args),
    ...(args.command ? { command: [...args.command] } : {}),
    ...(args.port === undefined
      ? {}
      : { portMappings: [{ containerPort: args.port, hostPort: args.port, protocol: "tcp" }] }),
    ...(command
      ? {
          healthCheck: {
            command: [...command],
            interval: intervalSeconds,
            timeout: Math.min(5, intervalSeconds),
            retries: 3,
            startPeriod: 60,
          },
        }
      : {}),
    // Sorted, as ECS answers sorted, or every deployment would make a new revision.
    environment: Object.entries(values.environment)
      .map(([variable, value]) => ({ name: variable, value }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    secrets: Object.entries(values.secrets)
      .map(([variable, reference]) => ({ name: variable, valueFrom: secretReference(reference) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": values.logGroup,
        "awslogs-region": args.cloud.region,
        "awslogs-stream-prefix": name,
        // CloudWatch being slow must not hold an order up.
        mode: "non-blocking",
        "max-buffer-size": "25m",
      },
    },
  };
}
