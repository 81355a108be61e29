import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { CacheManager } from "./cache/manager";
import { connectRedis } from "./cache/redis";
import type { Settings } from "./config";
import { Feed } from "./feed/feed";
import { Recorder } from "./feed/recorder";
import { buildApp } from "./http/app";
import { Health } from "./http/health";
import type { TokenKey } from "./http/identity";
import { Streams } from "./http/stream";
import { Limiter } from "./limits/limiter";
import { Market } from "./market";
import { ErrorTracker, webhook, type ErrorHook } from "./observe/errors";
import { createLog, type Log } from "./observe/log";
import { Metrics } from "./observe/metrics";
import { Redactor } from "./observe/redact";
import { alpaca } from "./providers/alpaca";
import { massive } from "./providers/massive";
import type { Provider } from "./providers/provider";
import { recorded } from "./providers/recorded";
import { resilience, type ResilienceOptions } from "./resilience";
import { Secrets, secretsManager, type ReadSecretText } from "./secrets";
import { connectionConfig, Database } from "./store/database";
import { migrate } from "./store/migrate";
import { Session } from "./store/session";
import { Store } from "./store/store";

/** Tests put their own parts in. */
export interface Doors {
  readonly logStream?: NodeJS.WritableStream;
  readonly writeMetrics?: (line: string) => void;
  readonly readSecretText?: ReadSecretText;
  readonly providers?: readonly Provider[];
  readonly resilience?: ResilienceOptions;
  readonly errorHooks?: readonly ErrorHook[];
}

export interface DrainResult {
  /** Quotes that could not be written in time. */
  readonly lost: number;
  readonly seconds: number;
}

export interface Service {
  readonly url: string;
  readonly adminUrl: string;
  readonly log: Log;
  readonly errors: ErrorTracker;
  readonly market: Market;
  readonly cache: CacheManager;
  readonly session: Session;
  /** Takes no more traffic, finishes what it has, writes what waits, closes everything. The same run however often called. */
  readonly drain: (reason: string) => Promise<DrainResult>;
  readonly drained: Promise<DrainResult>;
}

const migrationsFolder = fileURLToPath(new URL("../migrations", import.meta.url));
const housekeepingMilliseconds = 3_600_000;

export async function startService(settings: Settings, doors: Doors = {}): Promise<Service> {
  const redactor = new Redactor();
  const log = createLog({
    level: settings.LOG_LEVEL,
    stage: settings.STAGE,
    redactor,
    ...(doors.logStream ? { stream: doors.logStream } : {}),
  });
  const metrics = new Metrics(settings.METRICS_NAMESPACE, settings.STAGE, doors.writeMetrics);
  const errors = new ErrorTracker(log, metrics, redactor);
  const secrets = new Secrets(settings.secrets, doors.readSecretText ?? secretsManager(), (value) =>
    redactor.add(value),
  );
  if (settings.secrets.ERROR_WEBHOOK_URL !== undefined) errors.use(webhook(() => secrets.get("ERROR_WEBHOOK_URL")));
  doors.errorHooks?.forEach((hook) => errors.use(hook));

  const database = connectionConfig(settings, secrets);
  if (settings.MIGRATE_ON_START) await migrate(database, migrationsFolder, log);
  const pool = new Database(database, settings.DATABASE_POOL_SIZE, log, metrics);
  const store = new Store(pool);
  await store.ping();

  const redis = await connectRedis(
    { url: settings.REDIS_URL, cluster: settings.REDIS_CLUSTER, password: () => secrets.find("REDIS_PASSWORD") },
    log,
    metrics,
  );
  const cache = new CacheManager(redis, log, metrics);
  const providers = doors.providers ?? (await createProviders(settings, secrets));
  const upstreams = providers.map((provider) => ({
    provider,
    guard: resilience(provider.name, log, metrics, doors.resilience),
  }));
  const market = new Market(upstreams, cache, store, log);
  const session = new Session(database, log, metrics);
  session.on(
    "invalidated",
    (tags) => void cache.invalidate(tags).catch((error: unknown) => errors.capture(error, "invalidation")),
  );
  redis.onReady(() => {
    // Twice: right away, and once the cache asks Redis again after its pause.
    for (const pause of [0, 2500]) setTimeout(() => void session.replay().catch(() => undefined), pause).unref();
  });

  const recorder = new Recorder(store, log, metrics);
  const streaming = providers.find(({ stream }) => stream !== undefined);
  const feed = new Feed({
    provider: streaming,
    always: settings.STREAM_SYMBOLS,
    session,
    redis,
    recorder,
    market,
    log,
    metrics,
  });
  const streams = new Streams(feed, metrics);
  const health = new Health(store, redis, market);
  const limiter = new Limiter(settings.RATE_LIMITS, redis, settings.INSTANCE_COUNT, metrics);
  const tokenKey = await readTokenKey(settings, secrets);
  const app = await buildApp({ settings, market, store, metrics, log, limiter, errors, streams, health, tokenKey });

  session.start();
  feed.start();
  streams.start();
  metrics.start(settings.METRICS_INTERVAL_SECONDS);
  const housekeeping = startHousekeeping({ settings, session, market, store, log });
  const url = await app.listen({ host: settings.HOST, port: settings.PORT });

  let finish: (result: DrainResult) => void = () => undefined;
  const drained = new Promise<DrainResult>((resolve) => (finish = resolve));
  let running: Promise<DrainResult> | undefined;
  const drainOnce = async (reason: string): Promise<DrainResult> => {
    const started = Date.now();
    log.info("draining", { reason });
    health.set("draining");
    clearInterval(housekeeping);
    await session.resign(); // another instance streams from here on
    await pause(settings.DRAIN_DELAY_SECONDS * 1000); // the load balancer notices, and sends no more
    feed.stop();
    streams.stop();
    await Promise.race([app.close(), pause(settings.DRAIN_LIMIT_SECONDS * 1000)]);
    const left = Math.max(
      1000,
      started + (settings.DRAIN_DELAY_SECONDS + settings.DRAIN_LIMIT_SECONDS) * 1000 - Date.now(),
    );
    const lost = await recorder.drain(left);
    await session.close();
    await metrics.stop();
    await cache.close();
    await redis.close();
    await Promise.race([pool.close(), pause(3000)]);
    const result = { lost, seconds: Math.round((Date.now() - started) / 100) / 10 };
    log.info("drained", { ...result });
    return result;
  };
  const drain = (reason: string) => {
    running ??= drainOnce(reason).then((result) => {
      finish(result);
      return result;
    });
    return running;
  };
  const admin = await startAdmin(settings.ADMIN_PORT, drain);
  void drained.then(() => admin.close());
  health.set("ready");
  const adminUrl = `http://127.0.0.1:${(admin.address() as AddressInfo).port}`;
  log.info("ready", { url, adminUrl, providers: providers.map(({ name }) => name) });
  return { url, adminUrl, log, errors, market, cache, session, drain, drained };
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

async function createProviders(settings: Settings, secrets: Secrets): Promise<Provider[]> {
  return Promise.all(
    settings.PROVIDERS.map(async (name) => {
      if (name === "massive") {
        const apiKey = await secrets.get("MASSIVE_API_KEY");
        return massive({ apiKey, restUrl: settings.MASSIVE_REST_URL, streamUrl: settings.MASSIVE_STREAM_URL });
      }
      if (name === "alpaca") {
        return alpaca({
          keyId: await secrets.get("ALPACA_KEY_ID"),
          secret: await secrets.get("ALPACA_SECRET_KEY"),
          feed: settings.ALPACA_FEED,
          dataUrl: settings.ALPACA_DATA_URL,
          ...(settings.ALPACA_STREAM_URL === undefined ? {} : { streamUrl: settings.ALPACA_STREAM_URL }),
        });
      }
      return recorded(settings.RECORDING_FILE ?? "");
    }),
  );
}

async function readTokenKey(settings: Settings, secrets: Secrets): Promise<TokenKey | undefined> {
  if (settings.JWT_PUBLIC_KEY !== undefined) {
    return { secret: { public: settings.JWT_PUBLIC_KEY.replaceAll("\\n", "\n") }, algorithms: ["RS256", "ES256"] };
  }
  const secret = await secrets.find("JWT_SECRET");
  return secret === undefined ? undefined : { secret, algorithms: ["HS256"] };
}

/** The leader fills the directory when it is empty and once a day, and forgets what is past its time. */
function startHousekeeping(parts: {
  settings: Settings;
  session: Session;
  market: Market;
  store: Store;
  log: Log;
}): NodeJS.Timeout {
  const { settings, session, market, store, log } = parts;
  let refreshed = 0;
  const run = async () => {
    if (!session.isLeader) return;
    try {
      if (Date.now() - refreshed > 24 * housekeepingMilliseconds) {
        log.info("directory refreshed", { symbols: await market.refreshSymbols() });
        refreshed = Date.now();
      }
      await store.forget(settings.QUOTE_RETENTION_DAYS);
    } catch (error) {
      log.warn("housekeeping failed; again in an hour", { error });
    }
  };
  session.on("leader", () => void run());
  const timer = setInterval(() => void run(), housekeepingMilliseconds);
  timer.unref();
  return timer;
}

/** On the loopback address only: `POST /drain` answers when everything is finished, for the drain hook. */
async function startAdmin(port: number, drain: (reason: string) => Promise<DrainResult>): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== "POST" || request.url !== "/drain") return void response.writeHead(404).end();
    void drain("drain hook").then((result) => {
      response.writeHead(200, { "content-type": "application/json", connection: "close" }).end(JSON.stringify(result));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}
