/**
 * A mend of an aws plugin that was built from modules rather than fetched: such a plugin reads its names from a
 * `mapping.json` beside it, and gives the look-up of one secret's version the Terraform data source that lists all of them.
 * Pulumi's own plugin has no such file, and is left alone.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const token = "aws:secretsmanager/getSecretVersion:getSecretVersion";

interface Mapping {
  readonly dataSources: Record<string, string>;
}

interface Metadata {
  readonly mux: { readonly functions: Record<string, number> };
}

/** Whole or not at all: another stack may start the plugin at this moment. */
function replaceFile(file: string, content: unknown): void {
  writeFileSync(`${file}.partial`, JSON.stringify(content, undefined, 1));
  renameSync(`${file}.partial`, file);
}

const folderOf = (plugin: string, home: string) =>
  path.join(home, "plugins", `resource-${plugin.replace(/^aws-/, "aws-v")}`);

const pulumiHome = () => process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");

/** Whether the plugin was built from modules: with the services that its maker named, and not all of AWS. */
export function isBuiltPlugin(plugin: string, home = pulumiHome()): boolean {
  return existsSync(path.join(folderOf(plugin, home), "mapping.json"));
}

/** Mends the plugin `aws-7.48.0` and the like; true where there was something to mend. */
export function mendBuiltPlugin(plugin: string, home = pulumiHome()): boolean {
  const folder = folderOf(plugin, home);
  const file = path.join(folder, "mapping.json");
  if (!isBuiltPlugin(plugin, home)) return false;
  const mapping = JSON.parse(readFileSync(file, "utf8")) as Mapping;
  const { aws_secretsmanager_secret_versions: listed, ...dataSources } = mapping.dataSources;
  if (listed !== token) return false;
  const mended = { ...mapping, dataSources: { ...dataSources, aws_secretsmanager_secret_version: token } };
  // The one that lists is written with Terraform's new framework, the other with the old one: the plugin asks this file which.
  const metadata = path.join(folder, "bridge-metadata.json");
  const bridge = JSON.parse(readFileSync(metadata, "utf8")) as Metadata;
  replaceFile(metadata, { ...bridge, mux: { ...bridge.mux, functions: { ...bridge.mux.functions, [token]: 0 } } });
  replaceFile(file, mended);
  return true;
}
