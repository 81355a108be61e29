import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";
import { moved, price, reconnectPause, type ShownQuote } from "./quotes";

/** An element of index.html, by id and kind. */
function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is missing`);
  return found;
}
const page = {
  connection: find("connection", HTMLElement),
  form: find("add", HTMLFormElement),
  input: find("symbol", HTMLInputElement),
  suggestions: find("suggestions", HTMLDataListElement),
  problem: find("problem", HTMLElement),
  rows: find("quotes", HTMLTableSectionElement),
  empty: find("empty", HTMLElement),
};
const stored = "terminal.symbols";
const oldMilliseconds = 30_000;

const symbols = new Set<string>(readStored());
const latest = new Map<string, ShownQuote>();
let socket: WebSocket | undefined;
let failures = 0;

/** Symbols of the last visit; what is not readable is forgotten. */
function readStored(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(stored) ?? "null");
    if (Array.isArray(value)) return value.filter((item) => typeof item === "string").slice(0, 100);
  } catch {
    // a private window, or a value of another version
  }
  return ["AAPL", "MSFT", "NVDA", "SPY"];
}

function store(): void {
  try {
    localStorage.setItem(stored, JSON.stringify([...symbols]));
  } catch {
    // the list lives as long as the page
  }
}

const states = { connecting: "Connecting", live: "Live", lost: "Connection lost, trying again" } as const;
function show(state: keyof typeof states): void {
  page.connection.dataset.state = state;
  page.connection.textContent = states[state];
}

function send(type: "subscribe" | "unsubscribe", list: readonly string[]): void {
  if (socket?.readyState === WebSocket.OPEN && list.length > 0) socket.send(JSON.stringify({ type, symbols: list }));
}

function connect(): void {
  const current = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/v1/stream`);
  socket = current;
  current.onopen = () => {
    failures = 0;
    show("live");
    send("subscribe", [...symbols]);
    void snapshot([...symbols]);
  };
  current.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as { type: string; quotes?: ShownQuote[]; detail?: string };
    for (const quote of message.quotes ?? []) update(quote);
    if (message.type === "error") page.problem.textContent = message.detail ?? "";
  };
  current.onclose = () => {
    show("lost");
    setTimeout(connect, reconnectPause((failures += 1)));
  };
}

/** What is known right now, before the first movement. */
async function snapshot(list: readonly string[]): Promise<void> {
  if (list.length === 0) return;
  try {
    const answer = await fetch(`/v1/quotes?symbols=${encodeURIComponent(list.join(","))}`);
    if (!answer.ok) return;
    const { items, unknown } = (await answer.json()) as { items: ShownQuote[]; unknown: string[] };
    items.forEach(update);
    if (unknown.length > 0) page.problem.textContent = `Not known: ${unknown.join(", ")}`;
    unknown.forEach(remove);
  } catch {
    // the stream brings quotes all the same
  }
}

function row(symbol: string): HTMLTableRowElement {
  const existing = document.getElementById(`row-${symbol}`);
  if (existing instanceof HTMLTableRowElement) return existing;
  const created = page.rows.insertRow();
  created.id = `row-${symbol}`;
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = symbol;
  created.append(name);
  for (const kind of ["number", "number optional", "number", "number optional", "number", "optional"]) {
    const cell = created.insertCell();
    cell.className = kind;
    cell.textContent = "–";
  }
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "×";
  button.setAttribute("aria-label", `Remove ${symbol}`);
  button.onclick = () => remove(symbol);
  created.insertCell().append(button);
  return created;
}

function update(next: ShownQuote): void {
  if (!symbols.has(next.symbol)) return;
  const { quote, direction } = moved(latest.get(next.symbol), next);
  latest.set(quote.symbol, quote);
  const element = row(quote.symbol);
  const texts = [
    price(quote.bid),
    String(quote.bidSize),
    price(quote.ask),
    String(quote.askSize),
    price(quote.ask - quote.bid, quote.bid),
    new Date(quote.at).toLocaleTimeString([], { hour12: false }),
  ];
  texts.forEach((text, index) => {
    const cell = element.cells[index + 1];
    if (cell !== undefined && cell.textContent !== text) cell.textContent = text;
  });
  element.cells[1]?.classList.toggle("up", direction === "up");
  element.cells[1]?.classList.toggle("down", direction === "down");
  delete element.dataset.old;
  quoteAges.push(Math.max(0, Date.now() - Date.parse(quote.at)));
  if (quoteAges.length > 200) quoteAges.shift();
}

function add(symbol: string): void {
  symbols.add(symbol);
  store();
  row(symbol);
  page.empty.hidden = true;
  send("subscribe", [symbol]);
  void snapshot([symbol]);
}

function remove(symbol: string): void {
  symbols.delete(symbol);
  store();
  latest.delete(symbol);
  document.getElementById(`row-${symbol}`)?.remove();
  page.empty.hidden = symbols.size > 0;
  send("unsubscribe", [symbol]);
}

page.form.onsubmit = (event) => {
  event.preventDefault();
  const symbol = page.input.value.trim().toUpperCase();
  page.problem.textContent = "";
  if (!/^[A-Z][A-Z0-9.\-/]{0,14}$/.test(symbol)) {
    page.problem.textContent = `${symbol || "That"} is not a symbol.`;
    return;
  }
  page.input.value = "";
  add(symbol);
};

let suggesting: AbortController | undefined;
page.input.oninput = () => {
  suggesting?.abort();
  suggesting = new AbortController();
  const { signal } = suggesting;
  const text = page.input.value.trim();
  if (text.length < 2) return;
  setTimeout(() => {
    if (signal.aborted) return;
    void fetch(`/v1/symbols?limit=8&search=${encodeURIComponent(text)}`, { signal })
      .then((answer) => answer.json() as Promise<{ items?: { symbol: string; name: string }[] }>)
      .then(({ items = [] }) =>
        page.suggestions.replaceChildren(...items.map(({ symbol, name }) => new Option(name, symbol))),
      )
      .catch(() => undefined);
  }, 200);
};

setInterval(() => {
  for (const [symbol, { at }] of latest) {
    if (Date.now() - Date.parse(at) > oldMilliseconds) row(symbol).dataset.old = "";
  }
}, 5000);

// The performance beacon: Core Web Vitals, how old quotes are when they are shown, script errors.
const vitals = new Map<string, number>();
const quoteAges: number[] = [];
const scriptErrors: { message: string; place?: string }[] = [];
for (const watch of [onCLS, onFCP, onINP, onLCP, onTTFB]) watch(({ name, value }) => void vitals.set(name, value));
window.addEventListener("error", ({ message, filename, lineno }) => {
  if (scriptErrors.length < 5)
    scriptErrors.push({ message: message.slice(0, 300), place: `${filename}:${lineno}`.slice(-200) });
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState !== "hidden") return;
  const ages = quoteAges.splice(0).sort((a, b) => a - b);
  const median = ages[Math.floor(ages.length / 2)];
  const all = [...vitals].map(([name, value]) => ({ name, value }));
  if (median !== undefined) all.push({ name: "QuoteAge", value: Math.min(600_000, median) });
  vitals.clear();
  const body = { page: location.pathname.slice(0, 100), vitals: all, errors: scriptErrors.splice(0) };
  if (body.vitals.length + body.errors.length === 0) return;
  navigator.sendBeacon("/v1/beacon", new Blob([JSON.stringify(body)], { type: "application/json" }));
});

for (const symbol of symbols) row(symbol);
page.empty.hidden = symbols.size > 0;
connect();
