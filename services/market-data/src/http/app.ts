import { randomUUID } from "node:crypto";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import swagger from "@fastify/swagger";
import websocket from "@fastify/websocket";
import sirv from "sirv";
import fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  validatorCompiler,
} from "fastify-type-provider-zod";
import type { Settings } from "../config";
import type { Limiter } from "../limits/limiter";
import { limitHeaders } from "../limits/limiter";
import type { LimitName } from "../limits/policies";
import { Unavailable } from "../market";
import type { ErrorTracker } from "../observe/errors";
import { requestContext } from "../observe/log";
import { UpstreamError } from "../resilience";
import { registerHealth, type Health } from "./health";
import { identify, registerIdentity, streamProtocol, type TokenKey } from "./identity";
import { HttpProblem, sendProblem } from "./problems";
import { registerRoutes, type RouteParts } from "./routes";
import type { Streams } from "./stream";

export interface AppParts extends RouteParts {
  readonly settings: Settings;
  readonly limiter: Limiter;
  readonly errors: ErrorTracker;
  readonly streams: Streams;
  readonly health: Health;
  readonly tokenKey: TokenKey | undefined;
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whose limits count; a route without it is not limited. */
    limit?: LimitName;
    /** Points of a request. @default 1 */
    cost?: (request: FastifyRequest) => number;
    needs?: "user" | "admin";
  }
}

/** The HTTP server, ready to listen. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { settings } = parts;
  const app = fastify({
    logger: false, // every line comes from this service's own log, with its redaction
    genReqId: (request) => {
      const given = request.headers["x-request-id"];
      return typeof given === "string" && /^[\w-]{8,64}$/.test(given) ? given : randomUUID();
    },
    trustProxy: (_address, hop) => hop < settings.TRUSTED_PROXIES,
    bodyLimit: 64 * 1024,
    requestTimeout: 15_000,
    // Longer than the load balancer's 60 s idle time-out, so that it never sends into a closing connection.
    keepAliveTimeout: 65_000,
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  // Answers are made of typed values and checked against their schemas in tests, not at every request.
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  observe(app, parts);
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: { defaultSrc: ["'self'"], connectSrc: ["'self'", "ws:", "wss:"], upgradeInsecureRequests: null },
    },
  });
  await app.register(cors, {
    origin: [...settings.ALLOWED_ORIGINS],
    exposedHeaders: ["ratelimit", "ratelimit-policy", "retry-after", "x-request-id"],
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Market data",
        version: "1.0.0",
        description:
          "Quotes, bars and symbols of the web terminal. Live quotes: websocket at /v1/stream, described in docs/market-data.md.",
      },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(websocket, {
    options: {
      maxPayload: 16 * 1024,
      handleProtocols: (protocols: Set<string>) => (protocols.has(streamProtocol) ? streamProtocol : false),
    },
  });
  await registerIdentity(app, parts.tokenKey, settings);
  guard(app, parts);
  registerHealth(app, parts.health);
  registerRoutes(app, parts);
  parts.streams.register(app);
  app.get("/openapi.json", { schema: { hide: true } }, () => app.swagger());
  if (settings.STATIC_FOLDER !== undefined) servePage(app, settings.STATIC_FOLDER);
  return app;
}

/** The page, for work on one machine; deployed, it is the static site's content. */
function servePage(app: FastifyInstance, folder: string): void {
  const serve = sirv(folder, { etag: true });
  app.get("/*", { schema: { hide: true } }, (request, reply) => {
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    serve(request.raw, reply.raw, () => void reply.raw.writeHead(404).end());
  });
}

/** Request ids, access log, response times, errors. */
function observe(app: FastifyInstance, { log, metrics, errors }: AppParts): void {
  app.addHook("onRequest", (request, reply, done) => {
    void reply.header("x-request-id", request.id);
    requestContext.run({ requestId: request.id, route: request.routeOptions.url ?? "unknown" }, done);
  });
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    metrics.time("HttpTime", reply.elapsedTime, { route });
    metrics.count("HttpAnswers", { route, status });
    log.log(route.startsWith("/health/") ? "debug" : "info", "request", {
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime * 1000) / 1000,
      role: request.identity?.role,
      user: request.identity?.user,
    });
    done();
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, new HttpProblem(404, "there is no such resource")));
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = toProblem(error);
    if (problem.status === 500)
      errors.capture(error, "http", { requestId: request.id, route: request.routeOptions.url });
    else if (problem.status === 503) log.warn("unavailable", { requestId: request.id, error });
    return sendProblem(reply, problem);
  });
}

function toProblem(error: FastifyError): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const found = error.validation.map(({ instancePath, message }) => ({
      path: `${error.validationContext ?? ""}${instancePath}`,
      message: message ?? "is not valid",
    }));
    return new HttpProblem(400, "the request is not valid", {}, "about:blank", found);
  }
  if (error instanceof Unavailable) return new HttpProblem(503, error.message, { "retry-after": "5" });
  if (error instanceof UpstreamError && (error as UpstreamError).status === 404)
    return new HttpProblem(404, "no provider knows this symbol");
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new HttpProblem(error.statusCode, error.message);
  }
  return new HttpProblem(500, "the request failed; its id helps to find out why");
}

/** Who is asking, whether they may, and how much of it. */
function guard(app: FastifyInstance, { limiter, settings }: AppParts): void {
  app.addHook("preValidation", async (request, reply) => {
    const { limit, cost, needs } = request.routeOptions.config;
    if (limit === undefined) return;
    if (limit === "stream") refuseForeignPages(request, settings);
    const identity = identify(app, request);
    request.identity = identity;
    const verdict = await limiter.consume(limit, identity.role, identity.key, Math.max(1, cost?.(request) ?? 1));
    void reply.headers(limitHeaders(verdict.windows));
    if (!verdict.allowed) {
      const headers = { "retry-after": String(verdict.retrySeconds) };
      if (verdict.reason === "unavailable") throw new HttpProblem(503, "limits cannot be counted now", headers);
      throw new HttpProblem(
        429,
        "the limit is reached",
        headers,
        "https://iana.org/assignments/http-problem-types#quota-exceeded",
      );
    }
    if (needs !== undefined && identity.user === undefined)
      throw new HttpProblem(401, "a token is needed", { "www-authenticate": "Bearer" });
    if (needs === "admin" && identity.role !== "admin") throw new HttpProblem(403, "this needs the role admin");
  });
}

/** Browsers do not apply CORS to websockets: a page of another origin is refused here. */
function refuseForeignPages(request: FastifyRequest, settings: Settings): void {
  const { origin, host } = request.headers;
  if (origin === undefined || settings.ALLOWED_ORIGINS.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new HttpProblem(403, "pages of this origin may not stream");
}
