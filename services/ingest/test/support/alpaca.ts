import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { pack, unpack } from "../../src/ticks";

interface Message {
  readonly action: string;
  readonly key?: string;
  readonly secret?: string;
  readonly trades?: string[];
}

/** Alpaca's stream on this machine, by its published protocol: MessagePack, a key of its own, one stream a key. */
export class LocalAlpaca {
  readonly heard: Message[] = [];
  /** Connections so far. */
  connections = 0;
  /** Answered to a subscription in place of its confirmation. */
  subscriptionError: { code: number; msg: string } | undefined;
  #server: Server | undefined;
  #sockets = new WebSocketServer({ noServer: true });
  #stream: WebSocket | undefined;
  #port = 0;

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/v2/iex`;
  }

  /** Whether somebody holds the key's one stream. */
  get streaming(): boolean {
    return this.#stream !== undefined;
  }

  get subscriptions(): Message[] {
    return this.heard.filter(({ action }) => action === "subscribe");
  }

  /** Listens; the second time on the same port. */
  async start(): Promise<void> {
    const server = createServer();
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on("connection", (socket) => this.#welcome(socket));
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends the server as a machine that dies. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }

  /** Breaks every connection. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  send(...frames: readonly unknown[]): void {
    this.#stream?.send(pack(frames));
  }

  #welcome(socket: WebSocket): void {
    this.connections += 1;
    const say = (frame: unknown) => socket.send(pack([frame]));
    say({ T: "success", msg: "connected" });
    socket.on("close", () => {
      if (this.#stream === socket) this.#stream = undefined;
    });
    socket.on("message", (data: Buffer) => {
      const message = unpack(data) as Message;
      this.heard.push(message);
      const answer = this.#answerTo(socket, message);
      say(answer);
      if (answer.code === 406) socket.close();
    });
  }

  #answerTo(socket: WebSocket, { action, ...rest }: Message): Readonly<Record<string, unknown>> {
    if (action === "auth") {
      if (rest.key !== "the-key" || rest.secret !== "the-secret") return { T: "error", code: 402, msg: "auth failed" };
      if (this.#stream) return { T: "error", code: 406, msg: "connection limit exceeded" };
      this.#stream = socket;
      return { T: "success", msg: "authenticated" };
    }
    return this.subscriptionError ? { T: "error", ...this.subscriptionError } : { T: "subscription", ...rest };
  }
}
