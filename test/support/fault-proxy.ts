import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A fault in place of the real answer. */
export interface Fault {
  readonly status: number;
  /** S3's code, such as `SlowDown`. */
  readonly code: string;
}

export interface FaultProxy {
  /** Value for a client's endpoint. */
  readonly endpoint: string;
  /** Requests seen so far. */
  readonly requests: number;
  /** Most requests that were under way at a time. */
  readonly peak: number;
  stop(): Promise<void>;
}

const message = ({ code }: Fault) =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>Injected</Message></Error>`;

/**
 * A proxy in front of an emulated AWS that answers some requests itself. `decide` sees the number of the request, from 1,
 * and its path; it returns a fault, `"hang up"` to break the connection, or undefined to let the request through.
 */
export async function startFaultProxy(
  target: string,
  decide: (n: number, path: string) => Fault | "hang up" | undefined,
): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  let requests = 0;
  let active = 0;
  let peak = 0;
  const forward = (incoming: IncomingMessage, answer: ServerResponse) => {
    peak = Math.max(peak, ++active);
    answer.on("close", () => active--);
    const fault = decide(++requests, incoming.url ?? "");
    if (fault === "hang up") return void incoming.socket.destroy();
    if (fault) {
      answer.writeHead(fault.status, { "content-type": "application/xml" });
      return void answer.end(message(fault));
    }
    const { url: path, method, headers } = incoming;
    const onward = request({ hostname, port, path, method, headers }, (real) => {
      answer.writeHead(real.statusCode ?? 502, real.headers);
      real.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(forward);
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return {
    endpoint: `http://localhost:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    get peak() {
      return peak;
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
