import { readFileSync } from "node:fs";
import * as path from "node:path";
import { bootScript } from "../../common/user-data";

/** What the bootstrap script must know beside the model's own tags. */
export interface BootstrapSettings {
  readonly region: string;
  readonly stack: string;
  readonly bucket: string;
  readonly mode: "paper" | "live";
  readonly image: string;
  readonly logGroup: string;
  readonly brokerSecretArn: string;
  readonly environment: Readonly<Record<string, string>>;
}

let script: string | undefined;

function bootstrapScript(): string {
  script ??= readFileSync(path.join(__dirname, "bootstrap.sh"), "utf8");
  return script;
}

/**
 * User data of a model type's instances: the settings as quoted assignments, then the script. Without a secret, and the same
 * for every model of the type.
 */
export function userData(settings: BootstrapSettings): string {
  const environment = Object.entries(settings.environment)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
  return bootScript(
    {
      FLEET_REGION: settings.region,
      FLEET_STACK: settings.stack,
      FLEET_BUCKET: settings.bucket,
      FLEET_MODE: settings.mode,
      FLEET_IMAGE: settings.image,
      FLEET_LOG_GROUP: settings.logGroup,
      FLEET_BROKER_SECRET: settings.brokerSecretArn,
      FLEET_ENVIRONMENT: environment,
    },
    bootstrapScript(),
  );
}
