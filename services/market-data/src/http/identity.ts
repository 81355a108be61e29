import jwt from "@fastify/jwt";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isIPv6 } from "node:net";
import type { Settings } from "../config";
import { roles, type Role } from "../limits/policies";
import { HttpProblem } from "./problems";

/** Who a request is from, and under which key its limits are counted. */
export interface Identity {
  readonly user: string | undefined;
  readonly role: Role;
  readonly key: string;
}

export interface TokenKey {
  readonly secret: string | { readonly public: string };
  readonly algorithms: ("HS256" | "RS256" | "ES256")[];
}

declare module "fastify" {
  interface FastifyRequest {
    identity: Identity | null;
  }
}

/** Websocket clients in browsers cannot send headers: the token comes as the second subprotocol. */
export const streamProtocol = "market-data.v1";

export async function registerIdentity(
  app: FastifyInstance,
  key: TokenKey | undefined,
  settings: Settings,
): Promise<void> {
  app.decorateRequest("identity", null);
  if (key === undefined) return;
  await app.register(jwt, {
    secret: typeof key.secret === "string" ? key.secret : { private: "", public: key.secret.public },
    verify: {
      algorithms: key.algorithms,
      requiredClaims: ["sub", "exp"],
      ...(settings.JWT_ISSUER === undefined ? {} : { allowedIss: settings.JWT_ISSUER }),
      ...(settings.JWT_AUDIENCE === undefined ? {} : { allowedAud: settings.JWT_AUDIENCE }),
    },
  });
}

/** Without a token anonymous, by address; a token that does not hold is a 401, never a quiet step down. */
export function identify(app: FastifyInstance, request: FastifyRequest): Identity {
  const token = tokenOf(request);
  if (token === undefined) return { user: undefined, role: "anonymous", key: `ip:${addressKey(request.ip)}` };
  if (!app.hasDecorator("jwt")) throw unauthenticated("this service takes no tokens");
  let claims: { sub?: unknown; role?: unknown };
  try {
    claims = app.jwt.verify(token);
  } catch {
    throw unauthenticated("the token is not valid");
  }
  if (typeof claims.sub !== "string" || claims.sub === "") throw unauthenticated("the token names no subject");
  const role = roles.find((known) => known === claims.role && known !== "anonymous") ?? "free";
  return { user: claims.sub, role, key: `user:${claims.sub}` };
}

const unauthenticated = (detail: string) => new HttpProblem(401, detail, { "www-authenticate": "Bearer" });

function tokenOf(request: FastifyRequest): string | undefined {
  const header = request.headers.authorization;
  if (header !== undefined) {
    const match = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header);
    if (match?.[1] === undefined) throw unauthenticated("the authorization header holds no bearer token");
    return match[1];
  }
  const [protocol, token] = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((part) => part.trim());
  return protocol === streamProtocol ? token : undefined;
}

/** One household or server has a whole /64 of IPv6: counted as one. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [head = "", tail] = address.toLowerCase().split("%", 1)[0]?.split("::") ?? [];
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups =
    tail === undefined ? first : [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  return groups
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(":");
}
