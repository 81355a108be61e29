import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bootScript } from "../../common/user-data";

/** What the host is told. */
export interface MlflowBootSettings {
  readonly region: string;
  /** Name that clients use. */
  readonly name: string;
  readonly zoneId: string;
  readonly database: {
    readonly identifier: string;
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly secretArn: string;
  };
  readonly adminSecretArn: string;
  readonly tlsSecretArn: string;
  /** Parameter with the certificate that clients trust. */
  readonly caParameter: string;
  /** Where artifacts lie, `s3://bucket/prefix`. */
  readonly artifacts: string;
  /** Secrets of users by name. */
  readonly users: Readonly<Record<string, string>>;
}

/** Prefix of artifacts in their bucket. */
export const artifactPrefix = "mlflow/";

/** Packages of the server, pinned: the lines of `requirements.txt` without comments. */
export function requirements(): string {
  const text = readFileSync(join(__dirname, "requirements.txt"), "utf8");
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
}

/** The boot script. */
export function mlflowBootScript(settings: MlflowBootSettings): string {
  const { database } = settings;
  return bootScript(
    {
      MLFLOW_REGION: settings.region,
      MLFLOW_NAME: settings.name,
      MLFLOW_ZONE: settings.zoneId,
      MLFLOW_DATABASE: database.identifier,
      MLFLOW_DATABASE_HOST: database.host,
      MLFLOW_DATABASE_PORT: String(database.port),
      MLFLOW_DATABASE_USER: database.user,
      MLFLOW_DATABASE_SECRET: database.secretArn,
      MLFLOW_ADMIN_SECRET: settings.adminSecretArn,
      MLFLOW_TLS_SECRET: settings.tlsSecretArn,
      MLFLOW_CA_PARAMETER: settings.caParameter,
      MLFLOW_ARTIFACTS: settings.artifacts,
      MLFLOW_REQUIREMENTS: requirements(),
      MLFLOW_USERS: Object.entries(settings.users)
        .map(([name, arn]) => `${name} ${arn}`)
        .join("\n"),
    },
    readFileSync(join(__dirname, "server.sh"), "utf8"),
  );
}
