import { AsyncLocalStorage } from "node:async_hooks";
import winston from "winston";
import type { Redactor } from "./redact";

/** What every log line of a request carries. */
export interface RequestContext {
  readonly requestId: string;
  readonly route?: string;
  readonly user?: string;
}

/** The request that the current asynchronous call belongs to. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

export type Log = winston.Logger;

/** JSON lines on standard output: time, level, message, service, request id, fields; redacted last. */
export function createLog(options: {
  readonly level: string;
  readonly stage: string;
  readonly redactor: Redactor;
  readonly stream?: NodeJS.WritableStream;
}): Log {
  const redact = winston.format((info) => {
    const clean = options.redactor.value({
      ...requestContext.getStore(),
      ...info,
    }) as winston.Logform.TransformableInfo;
    // winston finds the level under a symbol, which a copy by entries leaves behind.
    return Object.assign(clean, { [Symbol.for("level")]: info.level });
  });
  const transport = options.stream
    ? new winston.transports.Stream({ stream: options.stream })
    : new winston.transports.Console();
  return winston.createLogger({
    level: options.level,
    defaultMeta: { service: "market-data", stage: options.stage },
    format: winston.format.combine(winston.format.timestamp(), redact(), winston.format.json()),
    // The rule takes the transports, typed once more in winston's own types, for strangers.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    transports: [transport],
  });
}
