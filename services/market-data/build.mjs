// Bundles the server, its drain hook and the migration task for Node, and the page for browsers, into dist/.
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath, URL } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
rmSync(here("dist"), { recursive: true, force: true });

const shared = { bundle: true, minify: true, sourcemap: true, legalComments: "none", logLevel: "warning" };
await build({
  ...shared,
  entryPoints: { server: here("src/main.ts"), drain: here("src/drain.ts"), migrate: here("src/migrate-only.ts") },
  outdir: here("dist/server"),
  outExtension: { ".js": ".mjs" },
  platform: "node",
  format: "esm",
  target: "node20.19",
  // Packages in CommonJS call require for Node's own modules.
  banner: {
    js: 'import { createRequire as requireOfBundle } from "node:module"; const require = requireOfBundle(import.meta.url);',
  },
  // Optional parts that nothing here uses: the native PostgreSQL binding, and bentocache's other drivers.
  external: ["pg-native", "ioredis", "mqtt", "knex", "kysely", "orchid-orm", "@aws-sdk/client-dynamodb"],
});
cpSync(here("migrations"), here("dist/migrations"), { recursive: true });

await build({
  ...shared,
  entryPoints: [here("site/app.ts")],
  outdir: here("dist/site"),
  platform: "browser",
  format: "esm",
  target: "es2022",
});
for (const file of ["index.html", "style.css"]) cpSync(here(`site/${file}`), here(`dist/site/${file}`));
