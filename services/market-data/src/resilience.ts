import {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState,
  CountBreaker,
  ExponentialBackoff,
  TaskCancelledError,
  TimeoutStrategy,
  bulkhead,
  circuitBreaker,
  handleWhen,
  retry,
  timeout,
  wrap,
} from "cockatiel";
import type { Log } from "./observe/log";
import type { Metrics } from "./observe/metrics";

/** A call to an outside service that failed. `retryable`: worth another try, and a sign that the service is ill. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
  constructor(
    message: string,
    readonly upstream: string,
    readonly retryable: boolean,
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface ResilienceOptions {
  /** Calls at once, and calls that may wait for a place. @default 20 and 100 */
  readonly concurrent?: number;
  readonly queued?: number;
  /** One attempt's limit, and the limit of all attempts with their pauses. @default 2000 and 5000 */
  readonly attemptMilliseconds?: number;
  readonly totalMilliseconds?: number;
  /** Attempts after the first. @default 2 */
  readonly retries?: number;
  /** Pause before the first retry; grows, with jitter. @default 100 */
  readonly backoffMilliseconds?: number;
  /** The circuit opens when half of the last `breakerCalls` attempts failed. @default 20 */
  readonly breakerCalls?: number;
  /** How long it stays open before one attempt is let through. @default 5000 */
  readonly openMilliseconds?: number;
}

export interface Resilience {
  readonly execute: <T>(operation: string, call: (signal: AbortSignal) => Promise<T>) => Promise<T>;
  readonly circuit: () => "closed" | "open" | "half-open";
}

const isRetryable = (error: Error) =>
  error instanceof UpstreamError ? error.retryable : error instanceof TaskCancelledError || !isPolicyError(error);
const isPolicyError = (error: Error) => error instanceof BrokenCircuitError || error instanceof BulkheadRejectedError;

/**
 * Bulkhead > overall time-out > retry > circuit breaker > attempt time-out, around every call to one outside service.
 * The breaker sits inside the retry, so that it sees every attempt and stops the retries too.
 */
export function resilience(upstream: string, log: Log, metrics: Metrics, options: ResilienceOptions = {}): Resilience {
  const breaker = circuitBreaker(handleWhen(isRetryable), {
    halfOpenAfter: options.openMilliseconds ?? 5000,
    breaker: new CountBreaker({ threshold: 0.5, size: options.breakerCalls ?? 20, minimumNumberOfCalls: 5 }),
  });
  breaker.onStateChange((state) => {
    log.warn("circuit changed", { upstream, circuit: circuitNames[state] });
    metrics.count("CircuitChanges", { upstream, circuit: circuitNames[state] });
  });
  const attempts = retry(handleWhen(isRetryable), {
    maxAttempts: options.retries ?? 2,
    backoff: new ExponentialBackoff({ initialDelay: options.backoffMilliseconds ?? 100, maxDelay: 2000 }),
  });
  attempts.onRetry(() => metrics.count("UpstreamRetries", { upstream }));
  const policy = wrap(
    bulkhead(options.concurrent ?? 20, options.queued ?? 100),
    timeout(options.totalMilliseconds ?? 5000, TimeoutStrategy.Aggressive),
    attempts,
    breaker,
    timeout(options.attemptMilliseconds ?? 2000, TimeoutStrategy.Aggressive),
  );
  return {
    circuit: () => circuitNames[breaker.state],
    execute: async (operation, call) => {
      const started = performance.now();
      try {
        // A signal of its own: without one the library hangs every call's listeners on one that is never aborted.
        const result = await policy.execute(({ signal }) => call(signal), new AbortController().signal);
        metrics.time("UpstreamTime", performance.now() - started, { upstream, operation });
        return result;
      } catch (error) {
        metrics.time("UpstreamTime", performance.now() - started, { upstream, operation });
        metrics.count("UpstreamFailures", { upstream, reason: reasonOf(error) });
        throw error;
      }
    },
  };
}

const circuitNames = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open",
} as const;

function reasonOf(error: unknown): string {
  if (error instanceof BrokenCircuitError) return "circuit-open";
  if (error instanceof BulkheadRejectedError) return "bulkhead-full";
  if (error instanceof TaskCancelledError) return "time-out";
  if (error instanceof UpstreamError && error.status !== undefined) return `status-${error.status}`;
  return "error";
}
