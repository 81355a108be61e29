import { z } from "zod";
import { rateLimitsSchema } from "./limits/policies.js";

/** A secret as configured: its value, or the reference it is read from (`<secret id or ARN>[#json-key]`). */
export type SecretSource = { readonly value: string } | { readonly reference: string };

/** The secrets this service can be given; each as `NAME` or as `NAME_SECRET`, a Secrets Manager reference. */
export const secretNames = [
  "DATABASE_PASSWORD",
  "REDIS_PASSWORD",
  "MASSIVE_API_KEY",
  "ALPACA_KEY_ID",
  "ALPACA_SECRET_KEY",
  "JWT_SECRET",
  "ERROR_WEBHOOK_URL",
] as const;
export type SecretName = (typeof secretNames)[number];

const list = z
  .string()
  .default("")
  .transform((text) => text.split(",").flatMap((item) => item.trim() || []));
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const count = (fallback: number, minimum: number, maximum: number) =>
  z.coerce.number().int().min(minimum).max(maximum).default(fallback);
const port = (fallback: number) => count(fallback, 0, 65535);

const environment = z.object({
  STAGE: z.enum(["dev", "qa", "prod"]).default("dev"),
  HOST: z.string().default("0.0.0.0"),
  PORT: port(8080),
  ADMIN_PORT: port(9091),
  LOG_LEVEL: z.enum(["error", "warn", "info", "debug"]).default("info"),
  DATABASE_HOST: z.string(),
  DATABASE_PORT: port(5432),
  DATABASE_NAME: z.string().default("market_data"),
  DATABASE_USER: z.string().default("market_data"),
  DATABASE_TLS: z.enum(["verify", "off"]).optional(),
  DATABASE_CA_FILE: z.string().optional(),
  DATABASE_POOL_SIZE: count(10, 1, 200),
  MIGRATE_ON_START: flag.default(true),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }),
  REDIS_CLUSTER: flag.default(false),
  PROVIDERS: list,
  RECORDING_FILE: z.string().optional(),
  MASSIVE_REST_URL: z.url().default("https://api.massive.com"),
  MASSIVE_STREAM_URL: z.url().default("wss://socket.massive.com"),
  ALPACA_DATA_URL: z.url().default("https://data.alpaca.markets"),
  ALPACA_STREAM_URL: z.url().optional(),
  ALPACA_FEED: z.enum(["iex", "sip", "delayed_sip"]).default("iex"),
  STREAM_SYMBOLS: list,
  QUOTE_RETENTION_DAYS: count(7, 1, 3650),
  JWT_PUBLIC_KEY: z.string().optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  TRUSTED_PROXIES: count(1, 0, 5),
  ALLOWED_ORIGINS: list,
  RATE_LIMITS: z
    .string()
    .default("{}")
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    })
    .pipe(rateLimitsSchema),
  INSTANCE_COUNT: count(2, 1, 1000),
  METRICS_NAMESPACE: z.string().default("TradingPlatform/MarketData"),
  METRICS_INTERVAL_SECONDS: count(30, 1, 300),
  DRAIN_DELAY_SECONDS: count(5, 0, 300),
  DRAIN_LIMIT_SECONDS: count(25, 1, 3600),
  STATIC_FOLDER: z.string().optional(),
});

export type Settings = Omit<z.infer<typeof environment>, "DATABASE_TLS"> & {
  readonly DATABASE_TLS: "verify" | "off";
  readonly secrets: Readonly<Partial<Record<SecretName, SecretSource>>>;
};

/** Everything that is wrong with the environment, at once, each line with the variable's name. Never holds values. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
  }
}

const providersThatNeed: Readonly<Record<string, readonly SecretName[]>> = {
  massive: ["MASSIVE_API_KEY"],
  alpaca: ["ALPACA_KEY_ID", "ALPACA_SECRET_KEY"],
  recorded: [],
};

/** Reads and checks the environment; the only reader of it. Throws `ConfigurationError`. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environment.safeParse(given);
  const { secrets, problems } = readSecretSources(given);
  if (!parsed.success) {
    problems.push(...parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
    throw new ConfigurationError(problems);
  }
  const settings = { ...parsed.data, DATABASE_TLS: parsed.data.DATABASE_TLS ?? defaultTls(parsed.data.STAGE), secrets };
  problems.push(...crossCheck(settings));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return settings;
}

const defaultTls = (stage: string) => (stage === "dev" ? "off" : "verify");

function readSecretSources(env: Readonly<Record<string, string | undefined>>) {
  const secrets: Partial<Record<SecretName, SecretSource>> = {};
  const problems: string[] = [];
  for (const name of secretNames) {
    const value = env[name];
    const reference = env[`${name}_SECRET`];
    if (value !== undefined && reference !== undefined)
      problems.push(`${name}: is set, and so is ${name}_SECRET; set one`);
    if (value !== undefined) secrets[name] = { value };
    else if (reference !== undefined) secrets[name] = { reference };
  }
  return { secrets, problems };
}

function* crossCheck(settings: Settings): Generator<string> {
  if (settings.PROVIDERS.length === 0)
    yield "PROVIDERS: names no provider; give massive, alpaca or recorded, first is preferred";
  for (const provider of settings.PROVIDERS) {
    const needed = providersThatNeed[provider];
    if (needed === undefined) yield `PROVIDERS: ${provider} is unknown; known are massive, alpaca, recorded`;
    for (const name of needed ?? []) {
      if (settings.secrets[name] === undefined) yield `${name}: provider ${provider} needs it (or ${name}_SECRET)`;
    }
  }
  if (settings.PROVIDERS.includes("recorded") && settings.RECORDING_FILE === undefined) {
    yield "RECORDING_FILE: provider recorded needs it";
  }
  if (settings.STAGE === "prod") {
    if (settings.PROVIDERS.includes("recorded")) yield "PROVIDERS: recorded prices must not reach prod";
    if (settings.DATABASE_TLS === "off") yield "DATABASE_TLS: off is not allowed in prod";
    if (!settings.REDIS_URL.startsWith("rediss:")) yield "REDIS_URL: prod needs rediss:// (TLS)";
    if (settings.JWT_PUBLIC_KEY === undefined && settings.secrets.JWT_SECRET === undefined) {
      yield "JWT_PUBLIC_KEY: prod needs it, or JWT_SECRET";
    }
  }
  if (new URL(settings.REDIS_URL).password !== "") yield "REDIS_URL: holds a password; give it as REDIS_PASSWORD";
}
