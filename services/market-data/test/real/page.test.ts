import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { sharedPostgres } from "../support/hooks";
import { startRedis, until, type Redis } from "../support/servers";
import { SteeredProvider } from "../support/provider";
import type { Provider } from "../../src/providers/provider";
import { recorded } from "../../src/providers/recorded";
import { environment, recordingFile, runService, type Running } from "../support/service";

const folder = fileURLToPath(new URL("../..", import.meta.url));
const chromiumPath = "/usr/bin/chromium";

describe("the page, in a real browser", () => {
  let redis: Redis;
  let service: Running;
  let browser: Browser;
  let page: Page;
  let env: Record<string, string>;
  let providers: Provider[];
  const steered = new SteeredProvider();
  const problems: string[] = [];

  before(async function () {
    const postgres = await sharedPostgres(this);
    if (!existsSync(chromiumPath)) {
      if (process.env.CI !== undefined) throw new Error("Chromium is missing: apt-get install chromium");
      this.skip();
    }
    redis = await startRedis();
    execFileSync(process.execPath, ["build.mjs"], { cwd: folder });
    env = {
      ...environment(postgres, await postgres.database(), redis.url),
      STATIC_FOLDER: `${folder}/dist/site`,
    };
    providers = [{ ...recorded(recordingFile), stream: steered.stream }];
    service = await runService(env, { providers });
    browser = await chromium.launch({
      executablePath: chromiumPath,
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    page = await browser.newPage({ viewport: { width: 900, height: 640 } });
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(service.url);
  });
  after(async () => {
    await browser.close();
    await service.drain("test");
    await redis.remove();
  });

  const bid = (symbol: string) => page.locator(`#row-${symbol} td`).first();

  it("connects, and shows the symbols it starts with", async () => {
    await page.locator("#connection[data-state=live]").waitFor();
    for (const symbol of ["AAPL", "MSFT", "NVDA", "SPY"]) {
      await until(`${symbol} has a price`, async () => /^\d+\.\d\d$/.test((await bid(symbol).textContent()) ?? ""));
    }
  });

  it("shows a live quote as it comes, which way it went, and never an older one", async () => {
    await until("the stream knows the page's symbols", () => steered.streamSymbols.includes("AAPL"));
    const at = Date.now() + 1000;
    steered.emit({ ...steered.quote("AAPL", 300), at });
    await until("the price", async () => (await bid("AAPL").textContent()) === "300.00");
    steered.emit({ ...steered.quote("AAPL", 299.5), at: at + 1 });
    await until("down", async () => ((await bid("AAPL").getAttribute("class")) ?? "").includes("down"));
    steered.emit({ ...steered.quote("AAPL", 111), at: at - 5000 });
    steered.emit({ ...steered.quote("AAPL", 301), at: at + 2 });
    await until("up", async () => ((await bid("AAPL").getAttribute("class")) ?? "").includes("up"));
    assert.equal(await bid("AAPL").textContent(), "301.00");
  });

  it("adds and removes symbols, by keyboard, and remembers them", async () => {
    await page.getByLabel("Symbol").fill("tsla");
    await page.keyboard.press("Enter");
    await until("the new row", async () => /\d/.test((await bid("TSLA").textContent()) ?? ""));
    await until("the stream has it", () => steered.streamSymbols.includes("TSLA"));
    await page.getByRole("button", { name: "Remove SPY" }).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#row-SPY").count(), 0);
    await page.reload();
    await page.locator("#row-TSLA").waitFor();
    assert.equal(await page.locator("#row-SPY").count(), 0);
  });

  it("says what is wrong with a symbol", async () => {
    await page.getByLabel("Symbol").fill("1&");
    await page.keyboard.press("Enter");
    assert.equal(await page.getByRole("alert").textContent(), "1& is not a symbol.");
    await page.getByLabel("Symbol").fill("nope");
    await page.keyboard.press("Enter");
    await until("unknown", async () => (await page.getByRole("alert").textContent()) === "Not known: NOPE");
    assert.equal(await page.locator("#row-NOPE").count(), 0);
  });

  it("has no accessibility fault that axe knows, in light and dark, wide and narrow", async () => {
    // Not as a script tag: the page's content security policy rightly refuses it.
    await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [900, 360]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 640 });
        const found = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
        assert.deepEqual(
          found.violations.map(({ id, nodes }) => [id, nodes[0]?.html]),
          [],
          `${colorScheme} ${width}`,
        );
        const wide = await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
        assert.equal(wide, false, "no sideways scrolling");
        if (process.env.SCREENSHOTS !== undefined) {
          mkdirSync(process.env.SCREENSHOTS, { recursive: true });
          await page.screenshot({ path: `${process.env.SCREENSHOTS}/page-${colorScheme}-${width}.png` });
        }
      }
    }
  });

  it("sends its performance when it is left", async () => {
    await page.evaluate(
      "Object.defineProperty(document, 'visibilityState', { value: 'hidden' }); document.dispatchEvent(new Event('visibilitychange'));",
    );
    await until("the beacon", () =>
      service.logs().some(({ route, status }) => route === "/v1/beacon" && status === 204),
    );
  });

  it("says that the connection is lost, and takes it up again", async () => {
    assert.deepEqual(problems, [], "no error in the console until here");
    await service.drain("test");
    await page.locator("#connection[data-state=lost]").waitFor();
    service = await runService({ ...env, PORT: new URL(service.url).port }, { providers });
    await page.locator("#connection[data-state=live]").waitFor();
    await until("subscribed again", () => steered.streamSymbols.includes("TSLA"));
  });
});
