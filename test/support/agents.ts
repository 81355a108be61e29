/**
 * Systems Manager as the platform sees it, for what the emulated AWS lacks: agents that are online or not, and commands
 * that end as scripted. Speaks the service's protocol (JSON 1.1 over HTTP), so AWS's own client runs against it.
 */
import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** How an instance's agent behaves. */
export interface Agent {
  /** @default true */
  readonly online?: boolean;
  /** Status of its invocations. @default "Success" */
  readonly status?: "Success" | "Failed" | "TimedOut" | "Cancelled" | "InProgress";
  readonly details?: string;
  /** Exit status of the drain hook. @default 0 */
  readonly exit?: number;
  /** Listings of a command in which it is still running. @default 0 */
  readonly polls?: number;
  /** Refused by SendCommand, as an id that is not in a valid state is. @default false */
  readonly invalid?: boolean;
}

interface Command {
  readonly ids: readonly string[];
  listed: number;
  readonly parameters: unknown;
  readonly document: string;
}

type Answer = { status: number; body: unknown };
const fail = (type: string, message: string): Answer => ({ status: 400, body: { __type: type, message } });

export class Agents {
  readonly commands = new Map<string, Command>();
  /** Calls by operation. */
  readonly calls: Record<string, number> = {};
  readonly #agents = new Map<string, Agent>();
  #throttled = 0;
  #server: Server | undefined;

  set(id: string, agent: Agent): void {
    this.#agents.set(id, agent);
  }

  /** Lets the next calls fail with a throttling error. */
  throttle(calls: number): void {
    this.#throttled = calls;
  }

  reset(): void {
    this.#agents.clear();
    this.commands.clear();
    this.#throttled = 0;
  }

  async start(): Promise<string> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
        const input = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Record<string, unknown>;
        const { status, body } = this.#answer(operation, input);
        response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(body));
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  #answer(operation: string, input: Record<string, unknown>): Answer {
    this.calls[operation] = (this.calls[operation] ?? 0) + 1;
    if (this.#throttled > 0) {
      this.#throttled--;
      return fail("ThrottlingException", "Rate exceeded");
    }
    switch (operation) {
      case "DescribeInstanceInformation":
        return this.#describe(input);
      case "SendCommand":
        return this.#send(input as { InstanceIds: string[]; Parameters: unknown; DocumentName: string });
      case "ListCommandInvocations":
        return this.#list(input as { CommandId: string; NextToken?: string; MaxResults?: number });
      default:
        return fail("UnknownOperationException", operation);
    }
  }

  #describe(input: { Filters?: { Values: string[] }[] }): Answer {
    const ids = input.Filters?.[0]?.Values ?? [];
    if (ids.length > 100) return fail("InvalidFilterValue", "more than 100 values");
    const list = ids
      .filter((id) => this.#agents.has(id))
      .map((id) => ({
        InstanceId: id,
        PingStatus: this.#agents.get(id)?.online === false ? "ConnectionLost" : "Online",
      }));
    return { status: 200, body: { InstanceInformationList: list } };
  }

  #send(input: { InstanceIds: string[]; Parameters: unknown; DocumentName: string }): Answer {
    if (input.InstanceIds.length > 50) return fail("ValidationException", "at most 50 instance ids");
    if (input.InstanceIds.some((id) => this.#agents.get(id)?.invalid)) {
      return fail("InvalidInstanceId", "Instances not in a valid state for account");
    }
    const id = randomUUID();
    this.commands.set(id, {
      ids: input.InstanceIds,
      listed: 0,
      parameters: input.Parameters,
      document: input.DocumentName,
    });
    return { status: 200, body: { Command: { CommandId: id } } };
  }

  #list(input: { CommandId: string; NextToken?: string; MaxResults?: number }): Answer {
    const command = this.commands.get(input.CommandId);
    if (!command) return { status: 200, body: { CommandInvocations: [] } };
    if (!input.NextToken) command.listed++;
    const size = Math.min(input.MaxResults ?? 50, 20); // small pages, so that paging is always walked
    const start = Number(input.NextToken ?? 0);
    const page = command.ids.slice(start, start + size).map((id) => {
      const { status = "Success", details, exit = 0, polls = 0 } = this.#agents.get(id) ?? {};
      const ended = command.listed > polls && status !== "InProgress";
      const failed = status === "Success" && exit !== 0 ? "Failed" : status;
      return {
        CommandId: input.CommandId,
        InstanceId: id,
        Status: ended ? failed : "InProgress",
        StatusDetails: ended ? (details ?? failed) : "InProgress",
        CommandPlugins: ended ? [{ Name: "drain", ResponseCode: exit }] : [],
      };
    });
    const next = start + size < command.ids.length ? String(start + size) : undefined;
    return { status: 200, body: { CommandInvocations: page, NextToken: next } };
  }
}
