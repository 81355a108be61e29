import { baseKeys, validate, type Settings } from "../../config";
import { projectRoot } from "../../plan/settings/project";
import { readStackConfig } from "../../plan/settings/stack-config";

/** A stack as a command of the delivery names it. */
export interface NamedStack {
  readonly stack: string | undefined;
  readonly configFile?: string | undefined;
}

/** A stack's settings, and how AWS is reached for it. */
export interface OpenStack {
  readonly root: string;
  readonly settings: Settings;
  /** Named profile of the shared AWS configuration; undefined takes the usual chain. */
  readonly profile: string | undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/**
 * Reads and validates a stack's file, as the program would; encrypted values are placeholders.
 * @throws UsageError or ValidationError, whose messages are for the user
 */
export function openStack({ stack, configFile }: NamedStack): OpenStack {
  const root = projectRoot();
  const read = readStackConfig({ root, stack, configFile, overrides: [] });
  const prefix = `${read.project}:`;
  const raw = Object.fromEntries(
    Object.entries(read.config)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]): [string, unknown] => {
        const name = key.slice(prefix.length);
        return [name, baseKeys.some((key) => key === name) ? text : parsed(text)];
      }),
  );
  const region = read.config["aws:region"] ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const settings = validate({ project: read.project, organization: "organization", stack: read.stack }, raw, region);
  return { root, settings, profile: read.config["aws:profile"] };
}
