import { PassThrough } from "node:stream";
import winston from "winston";

/** A log whose lines a test can read. */
export function readableLog() {
  const lines: string[] = [];
  const stream = new PassThrough();
  stream.on("data", (chunk: Buffer) => lines.push(chunk.toString()));
  const log = winston.createLogger({
    format: winston.format.json(),
    // The rule takes the transports, typed once more in winston's own types, for strangers.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    transports: [new winston.transports.Stream({ stream })],
  });
  return { log, text: () => lines.join("") };
}
