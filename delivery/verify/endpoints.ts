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

/**
 * The addresses of a stack that face the internet: the web tier's health check, the first path of each service (whose
 * health checks only the load balancer can reach, so anything but a server's error counts), the site's first page.
 */
export function endpointsOf(settings: Settings, outputs: Readonly<Record<string, unknown>>): Endpoint[] {
  const endpoints: Endpoint[] = [];
  const web = urlOf(outputs.web);
  if (web && settings.web?.loadBalancer.exposure === "internet") {
    endpoints.push({ url: `${web}${settings.web.healthCheck.path}`, below: 300 });
  }
  const services = urlOf(outputs.services);
  if (services && settings.services?.loadBalancer?.exposure === "internet") {
    for (const { paths, desiredCount } of Object.values(settings.services.services)) {
      const [first] = paths ?? [];
      if (first !== undefined && desiredCount > 0) {
        endpoints.push({ url: `${services}${first.replace(/\*.*$/, "")}`, below: 500 });
      }
    }
  }
  const site = urlOf(outputs.site);
  if (site && settings.site) endpoints.push({ url: `${site}/`, below: 300 });
  return endpoints;
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

/** Every public address of the stack answers. */
export const endpoints: Check = async ({ settings, outputs, urls }) => {
  const sections = [settings.web, settings.services, settings.site].some((section) => section !== undefined);
  const own = sections ? endpointsOf(settings, outputs()) : [];
  const all = [...own, ...urls.map((url) => ({ url, below: 300 }))];
  if (all.length === 0) return skipped("endpoints", "nothing of this stack faces the internet");
  const findings = (await Promise.all(all.map(ask))).filter((finding) => finding !== undefined);
  return judged(
    "endpoints",
    findings,
    `${all.length - findings.length} of ${count(all.length, "address")} answer`.replace("addresss", "addresses"),
  );
};
