import { UpstreamError } from "../../src/resilience";
import type { Bar, Provider, Quote, QuoteStream } from "../../src/providers/provider";

/** A provider that a test steers: counts calls, fails or hangs on demand, streams what it is told. */
export class SteeredProvider implements Provider {
  readonly name: string;
  calls = 0;
  quoteCalls: string[][] = [];
  mode: "up" | "failing" | "hanging" = "up";
  price = 100;
  delayMilliseconds = 0;
  streamsOpen = 0;
  streamsOpened = 0;
  streamSymbols: readonly string[] = [];
  #emit: ((quote: Quote) => void) | undefined;

  constructor(name = "steered") {
    this.name = name;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    this.calls += 1;
    if (this.mode === "failing") throw new UpstreamError("steered to fail", this.name, true, 500);
    const milliseconds = this.mode === "hanging" ? 60_000 : this.delayMilliseconds;
    if (milliseconds > 0) {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(new Error("aborted"));
        });
      });
    }
  }

  readonly quotes = async (symbols: readonly string[], signal: AbortSignal): Promise<Quote[]> => {
    this.quoteCalls.push([...symbols]);
    await this.#turn(signal);
    return symbols.filter((symbol) => !symbol.startsWith("NO")).map((symbol) => this.quote(symbol));
  };

  readonly bars = async (_query: unknown, signal: AbortSignal): Promise<Bar[]> => {
    await this.#turn(signal);
    const price = this.price;
    return [{ at: Date.UTC(2026, 0, 5), open: price, high: price, low: price, close: price, volume: 1 }];
  };

  readonly stream = (onQuote: (quote: Quote) => void): QuoteStream => {
    this.streamsOpen += 1;
    this.streamsOpened += 1;
    this.#emit = onQuote;
    let open = true;
    return {
      setSymbols: (symbols) => (this.streamSymbols = symbols),
      close: () => {
        if (open) this.streamsOpen -= 1;
        open = false;
      },
    };
  };

  quote(symbol: string, price = this.price): Quote {
    return { symbol, bid: price, bidSize: 1, ask: price + 0.01, askSize: 2, at: Date.now(), source: this.name };
  }

  emit(quote: Quote): void {
    this.#emit?.(quote);
  }
}
