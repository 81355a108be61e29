import { decode, decodeTimestampToTimeSpec, encode, encodeTimeSpecToTimestamp, ExtensionCodec } from "@msgpack/msgpack";

/** The channels that the server takes from Alpaca, and that readers can subscribe to. */
export const channels = ["trades", "quotes", "bars"] as const;
export type Channel = (typeof channels)[number];

/** Kinds of messages by channel; corrections and cancellations come with trades. */
const channelOfKind: Readonly<Record<string, Channel>> = {
  t: "trades",
  c: "trades",
  x: "trades",
  q: "quotes",
  b: "bars",
};

/** A moment to the nanosecond, as Alpaca sends it; a Date would drop what is below a millisecond. */
export class Moment {
  constructor(
    readonly seconds: number,
    readonly nanoseconds: number,
  ) {}

  /** RFC 3339 with nine digits. */
  toString(): string {
    return `${new Date(this.seconds * 1000).toISOString().slice(0, 19)}.${String(this.nanoseconds).padStart(9, "0")}Z`;
  }
}

/** MessagePack's time stamps as moments, in both directions. */
export const momentCodec = new ExtensionCodec();
momentCodec.register({
  type: -1,
  encode: (value) =>
    value instanceof Moment ? encodeTimeSpecToTimestamp({ sec: value.seconds, nsec: value.nanoseconds }) : null,
  decode: (data) => {
    const { sec, nsec } = decodeTimestampToTimeSpec(data);
    return new Moment(sec, nsec);
  },
});

const packing = { extensionCodec: momentCodec, useBigInt64: true } as const;
export const pack = (value: unknown): Uint8Array => encode(value, packing);
export const unpack = (data: Uint8Array): unknown => decode(data, packing);

export type Frame = Readonly<Record<string, unknown>>;

/** JSON that keeps what JSON.stringify cannot: integers beyond 2^53 (identifiers of trades), and nanoseconds. */
export function toJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Moment) return `"${value.toString()}"`;
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => `${JSON.stringify(name)}:${toJson(field)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}

/** One message of Alpaca's, in the forms that readers and storage take; each is made once, and only when asked for. */
export class Tick {
  #json: string | undefined;
  #packed: Uint8Array | undefined;

  private constructor(
    readonly channel: Channel,
    readonly symbol: string,
    private readonly frame: Frame,
    /** Milliseconds since 1970. */
    readonly receivedAt: number,
  ) {}

  /** Undefined for anything that is no market data. */
  static of(frame: unknown, receivedAt: number): Tick | undefined {
    if (typeof frame !== "object" || frame === null) return undefined;
    const { T, S } = frame as { T?: unknown; S?: unknown };
    const channel = typeof T === "string" ? channelOfKind[T] : undefined;
    return channel !== undefined && typeof S === "string"
      ? new Tick(channel, S, frame as Frame, receivedAt)
      : undefined;
  }

  get json(): string {
    return (this.#json ??= toJson(this.frame));
  }

  get packed(): Uint8Array {
    return (this.#packed ??= pack(this.frame));
  }

  /** The stored line: the message as it came, and when. */
  get line(): string {
    return `${this.json.slice(0, -1)},"received":"${new Date(this.receivedAt).toISOString()}"}\n`;
  }
}

/** Several ticks as one MessagePack array, from their packed forms. */
export function packedArray(ticks: readonly Tick[]): Buffer {
  const { length } = ticks;
  const head =
    length < 16
      ? [0x90 | length]
      : length < 65_536
        ? [0xdc, length >> 8, length & 255]
        : [0xdd, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from(head), ...ticks.map(({ packed }) => packed)]);
}

/** A stretch without a stream: what was traded in it is in no line, and has to be fetched from Alpaca's history. */
export interface Gap {
  /** When the last tick came; null where this server has had none. */
  readonly from: string | null;
  readonly to: string;
  readonly why: "started" | "reconnected";
}

export const gapLine = (gap: Gap): string => `${JSON.stringify({ T: "gap", ...gap })}\n`;
