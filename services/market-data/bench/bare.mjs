// What fastify does alone: one route, one small object, nothing around it.
import process from "node:process";
import fastify from "fastify";

const app = fastify();
const quote = { symbol: "AAPL", bid: 227.5, bidSize: 100, ask: 227.52, askSize: 200, source: "bare", stale: false };
app.get("/", () => ({ ...quote, at: new Date().toISOString() }));
await app.listen({ host: "127.0.0.1", port: 0 });
process.send?.(app.server.address().port);
