import { createClient, createCluster } from "redis";
import type { Log } from "../observe/log";
import type { Metrics } from "../observe/metrics";

export interface RedisOptions {
  readonly url: string;
  /** Cluster mode: keys spread over shards, as ElastiCache with cluster mode on. */
  readonly cluster: boolean;
  /** Read at every connection, so that a rotated AUTH token is picked up. */
  readonly password: () => Promise<string | undefined>;
}

type Single = ReturnType<typeof makeSingle>;
type Cluster = ReturnType<typeof makeCluster>;
export type RedisClient = Single | Cluster;

/** How long a request waits for Redis before it goes on without it. */
const answerMilliseconds = 250;

/**
 * A command that Redis does not answer in time fails. Not the client's own time-out: that makes an abort signal a
 * command, which fires and throws long after the answer; a tenth of the service's time went there.
 */
export async function inTime<T>(command: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis gave no answer in ${answerMilliseconds} ms`)), answerMilliseconds);
  });
  try {
    return await Promise.race([command, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One command connection and one subscriber, single node or cluster. Never throws at start: works degraded. */
export interface RedisConnection {
  readonly client: RedisClient;
  readonly isReady: () => boolean;
  /** Calls back whenever the connection is (again) usable. */
  readonly onReady: (callback: () => void) => void;
  readonly subscribe: (channel: string, listener: (message: string) => void) => Promise<void>;
  readonly publish: (channel: string, message: string) => Promise<void>;
  /** `INFO memory`/`stats` of the first node; empty while Redis is gone. */
  readonly info: () => Promise<ReadonlyMap<string, string>>;
  readonly close: () => Promise<void>;
}

const commonOptions = (options: RedisOptions) => ({
  // A command that cannot be sent fails at once: the callers all have something better to do than wait.
  disableOfflineQueue: true,
  pingInterval: 5000,
  credentialsProvider: {
    type: "async-credentials-provider" as const,
    credentials: async () => {
      const password = await options.password();
      return password === undefined ? {} : { password };
    },
  },
  socket: {
    connectTimeout: 2000,
    // A half-dead connection is dropped after three silent pings.
    socketTimeout: 15_000,
    reconnectStrategy: (retries: number) => Math.min(2000, 50 * 2 ** Math.min(retries, 6)) * (0.5 + Math.random() / 2),
  },
});

const makeSingle = (options: RedisOptions) => createClient({ url: options.url, RESP: 2, ...commonOptions(options) });
const makeCluster = (options: RedisOptions) =>
  createCluster({ rootNodes: [{ url: options.url }], RESP: 2, defaults: clusterDefaults(options) });
const clusterDefaults = (options: RedisOptions) => {
  const common = commonOptions(options);
  // Nodes that the cluster names are reached as the first one is: with TLS or without.
  return options.url.startsWith("rediss:") ? { ...common, socket: { ...common.socket, tls: true as const } } : common;
};

export async function connectRedis(options: RedisOptions, log: Log, metrics: Metrics): Promise<RedisConnection> {
  const ready: (() => void)[] = [];
  const client = options.cluster ? makeCluster(options) : makeSingle(options);
  const subscriber = options.cluster ? makeCluster(options) : makeSingle(options);
  let complained = 0;
  for (const one of [client, subscriber]) {
    one.on("error", (error: unknown) => {
      metrics.count("RedisErrors");
      if (Date.now() - complained < 10_000) return;
      complained = Date.now();
      log.warn("redis is not reachable; going on without it", { error });
    });
  }
  const readyEvent = options.cluster ? "node-ready" : "ready";
  // Late by a moment: node-redis reports readiness just before it accepts commands.
  const announce = () => void setTimeout(() => ready.forEach((callback) => callback()), 50).unref();
  (client as Single).on(readyEvent, announce);
  const starting = [client.connect(), subscriber.connect()].map((start) => start.catch(() => undefined));
  await Promise.race([Promise.all(starting), new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
  const isReady = () => (options.cluster ? (client as Cluster).isOpen : (client as Single).isReady);
  return {
    client,
    isReady,
    onReady: (callback) => void ready.push(callback),
    subscribe: async (channel, listener) => {
      await subscriber.subscribe(channel, listener);
    },
    publish: async (channel, message) => {
      await client.publish(channel, message);
    },
    info: async () => {
      if (!isReady()) return new Map();
      const text = options.cluster ? await clusterInfo(client as Cluster) : await (client as Single).info();
      return parseInfo(text);
    },
    close: async () => {
      await Promise.allSettled(
        [client, subscriber].map(async (one) => {
          if (one.isOpen) one.destroy();
          return Promise.resolve();
        }),
      );
    },
  };
}

async function clusterInfo(cluster: Cluster): Promise<string> {
  const master = cluster.masters[0];
  if (master === undefined) return "";
  return (await cluster.nodeClient(master)).info();
}

const parseInfo = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\r\n").flatMap((line): [string, string][] => {
      const [key, value] = line.split(":", 2);
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
