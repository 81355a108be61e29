// Bundles the server for Node into dist/.
import { rmSync } from "node:fs";
import { fileURLToPath, URL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
rmSync(here("dist"), { recursive: true, force: true });
await build({
  entryPoints: { ingest: here("src/main.ts") },
  outdir: here("dist"),
  bundle: true,
  minify: true,
  sourcemap: true,
  legalComments: "none",
  logLevel: "warning",
  platform: "node",
  format: "cjs",
  target: "node20.19",
  external: ["bufferutil", "utf-8-validate"], // optional native parts of ws
});
