import type { Settings } from "../../config";
import { count, judged, skipped, type Check, type Finding } from "./check";

/** Longest wait for an answer, in ms. */
const timeoutMs = 10_000;

/** One address that must answer. */
export interface Endpoint {
  readonly url: string;
  /** Highest status that is an answer: a health check has to say 200s, a path behind a login may say 401. */
  readonly below: number;
}

/** Address of a section's output, without a slash at its end. */
function urlOf(output: unknown): string | undefined {
  const url = (output as { url?: unknown } | undefined)?.url;
  return typeof url === "string" && /^https?:\/\//.test(url) ? url.replace(/\/$/, "") : undefined;
}

/** What of a stack faces the internet. */
export interface PublicAddresses {
  readonly endpoints: readonly Endpoint[];
  /** Sections that face the internet and whose address the outputs do not name. */
  readonly unnamed: readonly string[];
}

/** Paths behind the address of each section that faces the internet, with the status that they stay below. */
function pathsOf({ web, services, site }: Settings): Record<string, { path: string; below: number }[]> {
  const running = Object.values(services?.services ?? {}).flatMap(({ paths, desiredCount }) => {
    const [first] = paths ?? [];
    return first !== undefined && desiredCount > 0 ? [{ path: first.replace(/\*.*$/, ""), below: 500 }] : [];
  });
  return {
    web: web?.loadBalancer.exposure === "internet" ? [{ path: web.healthCheck.path, below: 300 }] : [],
    services: services?.loadBalancer?.exposure === "internet" ? running : [],
    site: site ? [{ path: "/", below: 300 }] : [],
  };
}

/**
 * The addresses of a stack that face the internet: the web tier's health check, the first path of each service (whose
 * health checks only the load balancer can reach, so anything but a server's error counts), the site's first page.
 */
export function endpointsOf(settings: Settings, outputs: () => Readonly<Record<string, unknown>>): PublicAddresses {
  const sections = Object.entries(pathsOf(settings)).filter(([, paths]) => paths.length > 0);
  if (sections.length === 0) return { endpoints: [], unnamed: [] }; // a stack without any needs no outputs
  const named = outputs();
  return {
    endpoints: sections.flatMap(([section, paths]) => {
      const url = urlOf(named[section]);
      return url === undefined ? [] : paths.map(({ path, below }) => ({ url: `${url}${path}`, below }));
    }),
    unnamed: sections.map(([section]) => section).filter((section) => urlOf(named[section]) === undefined),
  };
}

/** Asks one address; undefined where it answers as it should. */
async function ask({ url, below }: Endpoint): Promise<Finding | undefined> {
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), headers: { accept: "*/*" } });
    return status < below ? undefined : { what: url, problem: `answers ${status}; expected below ${below}` };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
    const reason = (error as Error).name === "TimeoutError" ? `no answer in ${timeoutMs / 1000} s` : message;
    return { what: url, problem: cause ? (cause.code ?? cause.message ?? reason) : reason };
  }
}

/** Every public address of the stack answers. One that the outputs should name and do not is no pass. */
export const endpoints: Check = async ({ settings, outputs, urls }) => {
  const own = endpointsOf(settings, outputs);
  const all = [...own.endpoints, ...urls.map((url) => ({ url, below: 300 }))];
  if (all.length === 0 && own.unnamed.length === 0) {
    return skipped("endpoints", "nothing of this stack faces the internet");
  }
  const findings = (await Promise.all(all.map(ask))).filter((finding) => finding !== undefined);
  const answered = `${all.length - findings.length} of ${count(all.length, "address")} answer`;
  const result = judged("endpoints", findings, answered.replace("addresss", "addresses"));
  if (own.unnamed.length === 0) return result;
  return {
    ...result,
    status: result.status === "fail" ? "fail" : "unknown",
    summary:
      `${all.length > 0 ? `${result.summary}; ` : ""}the stack's outputs do not name the address of ` +
      `${own.unnamed.join(", ")}: was it deployed? (pulumi stack output --json)`,
  };
};
