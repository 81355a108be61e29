import { z } from "zod";
import { exchanges, overrideProblem } from "../../../lambdas/common/exchange-calendar";

const count = (fallback: number, minimum: number, maximum: number) =>
  z.coerce.number().int().min(minimum).max(maximum).default(fallback);

const calendarSchema = z.strictObject({
  exchange: z.enum(exchanges),
  overrides: z
    .array(
      z.strictObject({ date: z.string(), close: z.string() }).superRefine((override, context) => {
        const problem = overrideProblem(override);
        if (problem) context.addIssue({ code: "custom", message: problem });
      }),
    )
    .default([]),
});

const environment = z.object({
  ALPACA_KEY_ID: z.string(),
  ALPACA_SECRET_KEY: z.string(),
  AWS_DEFAULT_REGION: z.string(),
  INGEST_FEED: z.enum(["iex", "sip"]),
  INGEST_SYMBOLS: z
    .string()
    .transform((text) => text.split(",").flatMap((item) => item.trim() || []))
    .pipe(z.array(z.string()).min(1, "names no symbol; give some, or *")),
  INGEST_HOST: z.string().default("0.0.0.0"),
  INGEST_PORT: count(8765, 0, 65_535),
  INGEST_DELIVERY_STREAM: z.string(),
  INGEST_NAMESPACE: z.string(),
  INGEST_STACK: z.string(),
  INGEST_CALENDAR: z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "is not JSON" });
        return z.NEVER;
      }
    })
    .pipe(calendarSchema),
  /** Another address of Alpaca's stream, such as its sandbox. */
  INGEST_UPSTREAM_URL: z.url({ protocol: /^wss?$/ }).optional(),
  /** Memory for ticks that the delivery stream does not take yet. */
  INGEST_BUFFER_MIB: count(256, 1, 4096),
  INGEST_METRICS_SECONDS: count(30, 1, 60),
  /** Below the 30 s after which the container is killed. */
  INGEST_DRAIN_SECONDS: count(20, 1, 25),
});

export type Settings = z.infer<typeof environment>;

/** Everything that is wrong with the environment, at once, each line with the variable's name. Never holds values. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/** Reads and checks the environment; the only reader of it. Throws `ConfigurationError`. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environment.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const [name, ...rest] = path.map(String);
    const where = rest.length > 0 ? ` ${rest.join(".")}` : "";
    return `  ${name}:${where} ${name !== undefined && name in given ? message : "is missing"}`;
  });
  throw new ConfigurationError(`The environment is not usable:\n${problems.join("\n")}`);
}
