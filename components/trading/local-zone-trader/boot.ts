import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bootScript } from "../../common/user-data";
import type { TradingMode } from "./check";

/** Namespace of what the host measures itself. */
export const traderMetrics = "TradingPlatform/Trader";

/** What a host is told; never a secret. */
export interface BootSettings {
  readonly region: string;
  readonly stage: string;
  readonly mode: TradingMode;
  readonly gatewayPort: number;
  readonly tunedKernel: boolean;
  readonly isolatedCpus: number;
  readonly latencyHost: string;
  readonly latencyPort: number;
  readonly logGroup: string;
  readonly gatewaySecret: string;
  readonly apiSecret: string;
  readonly gatewayImage: string;
  readonly traderImage: string;
  /** Empty where nobody scrapes. */
  readonly nodeExporterImage: string;
  /** Further environment variables of the bot. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The script that sets a trading host up, as plain text. */
export function traderBootScript(settings: BootSettings): string {
  const script = readFileSync(join(__dirname, "boot.sh"), "utf8");
  return bootScript(
    {
      TRADER_REGION: settings.region,
      TRADER_STAGE: settings.stage,
      TRADER_MODE: settings.mode,
      TRADER_GATEWAY_PORT: String(settings.gatewayPort),
      TRADER_KERNEL: settings.tunedKernel ? "tuned" : "stock",
      TRADER_ISOLATED_CPUS: String(settings.isolatedCpus),
      TRADER_METRICS: traderMetrics,
      TRADER_LATENCY_HOST: settings.latencyHost,
      TRADER_LATENCY_PORT: String(settings.latencyPort),
      TRADER_LOG_GROUP: settings.logGroup,
      TRADER_GATEWAY_SECRET_ID: settings.gatewaySecret,
      TRADER_API_SECRET_ID: settings.apiSecret,
      TRADER_GATEWAY_IMAGE: settings.gatewayImage,
      TRADER_IMAGE: settings.traderImage,
      TRADER_NODE_EXPORTER: settings.nodeExporterImage,
      TRADER_ENVIRONMENT: Object.entries(settings.environment)
        .map(([variable, value]) => `${variable}=${value}`)
        .sort()
        .join("\n"),
    },
    script,
  );
}

/** Image references that a deploy takes: a digest, or a tag; nothing a shell would read as more than a word. */
export const imagePattern = "^[a-z0-9][a-z0-9._/:-]{0,400}(@sha256:[0-9a-f]{64})?$";

/** SSM document that pulls an image and starts its container: the documents' deployment without SSH. */
export function deployDocument() {
  return {
    schemaVersion: "2.2",
    description: "Pulls an image and (re)starts its container on a trading host",
    parameters: {
      Container: { type: "String", description: "Which container", allowedValues: ["trader", "ib-gateway"] },
      Image: { type: "String", description: "Image, best by digest", allowedPattern: imagePattern },
    },
    mainSteps: [
      {
        action: "aws:runShellScript",
        name: "deploy",
        precondition: { StringEquals: ["platformType", "Linux"] },
        inputs: {
          runCommand: ["set -euo pipefail", "/opt/trading/bin/start-container '{{ Container }}' '{{ Image }}'"],
          timeoutSeconds: "900",
        },
      },
    ],
  };
}

/** SSM document that runs the present set-up again on a host that booted with an older one. */
export function setupDocument(script: string) {
  return {
    schemaVersion: "2.2",
    description: "Sets a trading host up again: clock, kernel, metrics, services, hooks; harmless to repeat",
    mainSteps: [
      {
        action: "aws:runShellScript",
        name: "setup",
        precondition: { StringEquals: ["platformType", "Linux"] },
        inputs: { runCommand: script.split("\n"), timeoutSeconds: "1800" },
      },
    ],
  };
}
