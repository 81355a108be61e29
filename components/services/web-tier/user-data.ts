/** The boot script of a web tier's hosts, as a pure function of what runs on them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface WebUserDataArgs {
  readonly region: string;
  /** Image by digest. */
  readonly image: string;
  readonly port: number;
  readonly healthPath: string;
  readonly logGroup: string;
  /** Namespace of the hosts' metrics. */
  readonly metricNamespace: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Secrets by variable: ARN, with `#field` for one field of a JSON secret. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Largest user data that EC2 takes, in bytes before encoding. */
export const maxUserDataBytes = 16 * 1024;

/** A text as one word of a shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What the CloudWatch agent measures: memory and disk, which EC2 cannot see from outside. */
export function agentConfig(namespace: string) {
  return {
    agent: { metrics_collection_interval: 60, run_as_user: "cwagent" },
    metrics: {
      namespace,
      append_dimensions: { AutoScalingGroupName: "${aws:AutoScalingGroupName}" },
      aggregation_dimensions: [["AutoScalingGroupName"]],
      metrics_collected: {
        mem: { measurement: ["mem_used_percent"] },
        disk: { measurement: ["used_percent"], resources: ["/"] },
      },
    },
  };
}

const lines = (entries: Readonly<Record<string, string>>, line: (name: string, value: string) => string) =>
  Object.entries(entries)
    .map(([name, value]) => line(name, value))
    .join("\n");

/**
 * The whole script.
 * @throws where it is larger than EC2 takes
 */
export function webUserData(args: WebUserDataArgs): string {
  const values: Record<string, string> = {
    REGION: shellQuote(args.region),
    IMAGE: shellQuote(args.image),
    PORT: shellQuote(String(args.port)),
    HEALTH_PATH: shellQuote(args.healthPath),
    LOG_GROUP: shellQuote(args.logGroup),
    AGENT_CONFIG: JSON.stringify(agentConfig(args.metricNamespace), undefined, 1),
    PLAIN_ENV: lines(args.environment, (name, value) => `${name}=${value}`),
    SECRET_LIST: lines(args.secrets, (name, reference) => `${name} ${reference.replace("#", " ")}`),
  };
  const template = readFileSync(join(__dirname, "boot.sh"), "utf8");
  const script = template.replaceAll(/@([A-Z_]+)@/g, (mark, name: string) => values[name] ?? mark);
  const bytes = Buffer.byteLength(script);
  if (bytes > maxUserDataBytes)
    throw new Error(`The boot script is ${bytes} bytes, and EC2 takes ${maxUserDataBytes}: shorten the environment`);
  return script;
}
