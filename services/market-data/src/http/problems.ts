import type { FastifyReply } from "fastify";
import { z } from "zod";

/** Errors as RFC 9457 problem details. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    requestId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });

/** An answer that is not the asked one, thrown from anywhere in a request. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    readonly type = "about:blank",
    readonly errors?: readonly { path: string; message: string }[],
  ) {
    super(message);
  }
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not authenticated",
  403: "Not allowed",
  404: "Not found",
  413: "Too large",
  415: "Unsupported media type",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
};

export function sendProblem(reply: FastifyReply, problem: HttpProblem): FastifyReply {
  return reply
    .status(problem.status)
    .headers(problem.headers)
    .type("application/problem+json")
    .send({
      type: problem.type,
      title: titles[problem.status] ?? "Error",
      status: problem.status,
      detail: problem.message,
      requestId: reply.request.id,
      ...(problem.errors === undefined ? {} : { errors: problem.errors }),
    });
}
