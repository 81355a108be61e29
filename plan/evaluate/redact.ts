/** Makes recorded values fit to be shown: secrets hidden, assets by their path, nothing that JSON cannot hold. */
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { shortHash } from "../../components/common/naming";

/** What stands in place of a secret. */
export const hidden = "[secret]";
/** What stands in place of a value that only a deployment knows. */
export const unknown = "[unknown]";

/** A field's last words that say its text is a secret. */
const secretName =
  /(^|[^a-z])(secret-string|passwd|password|passphrase|secret|token|credential|credentials|apikey|api-key|accesskey|access-key|secretkey|secret-key|privatekey|private-key|secretaccess-?key)$/;
/** Somewhere in a JSON text: worth to be taken apart. */
const maybeSecretInside = /passw|secret|token|credential|api_?-?key|access_?-?key|private_?-?key/i;
/** A text that points at a secret and is none. */
const reference = /^(arn:|resolve:|\{\{resolve:|\/|\$\{|https?:|secretsmanager:|\[secret\]$)/;
/** A password inside a connection string. */
const urlPassword = /(\b[a-z][\w+.-]*:\/\/[^\s:/@]*):([^\s/@]+)@/gi;
/** Shorter texts are not looked for in others: they would be found by chance. */
const minScrubLength = 8;

function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replace(/[_.\s/]+/g, "-")
    .toLowerCase();
}

/** True where a field of this name holds a secret, by its name. */
export function isSecretName(name: string): boolean {
  return secretName.test(words(name));
}

function isSecretText(name: string, value: unknown): value is string {
  return typeof value === "string" && value !== "" && isSecretName(name) && !reference.test(value);
}

type Shown = Record<string, unknown>;

/** Hides secrets in values and texts of one plan. */
export class Redactor {
  private readonly secrets = new Set<string>();

  /** @param root the folder that paths of assets are shown from */
  constructor(private readonly root: string) {}

  /** Learns the secret texts inside a value, so that they are found wherever else they turn up. */
  learn(value: unknown, secret = false): void {
    if (typeof value === "string") {
      if (secret && value.length >= minScrubLength) this.secrets.add(value);
    } else if (Array.isArray(value)) {
      for (const item of value) this.learn(item, secret);
    } else if (value !== null && typeof value === "object") {
      const marked = (value as Shown)[pulumi.runtime.specialSigKey] === pulumi.runtime.specialSecretSig;
      if (marked) this.learn((value as Shown).value, true);
      else for (const inner of Object.values(value)) this.learn(inner, secret);
    }
  }

  /** A text without any secret that was learned, and without passwords in connection strings. */
  text(text: string): string {
    let shown = text;
    for (const secret of this.secrets) if (shown.includes(secret)) shown = shown.replaceAll(secret, hidden);
    return shown.includes("://") ? shown.replace(urlPassword, `$1:${hidden}@`) : shown;
  }

  /** A value as it may be shown; `name` is the field it stands in. */
  value(value: unknown, name = ""): unknown {
    if (typeof value === "string") return isSecretText(name, value) ? hidden : this.string(value);
    if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
    if (value === pulumi.unknown) return unknown;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map((item) => this.value(item, name));
    if (pulumi.asset.Asset.isInstance(value) || pulumi.asset.Archive.isInstance(value)) return this.asset(value);
    return this.object(value);
  }

  private object(object: Shown): unknown {
    if (object[pulumi.runtime.specialSigKey] === pulumi.runtime.specialSecretSig) return hidden;
    const named = object.name ?? object.key ?? object.Name;
    const shown: Shown = {};
    for (const key of Object.keys(object).sort()) {
      if (object[key] === undefined) continue;
      const field = typeof named === "string" && /^value$/i.test(key) ? named : key;
      shown[key] = this.value(object[key], field);
    }
    return shown;
  }

  /** A text; where it is JSON with a secret inside, that JSON with the secret hidden. */
  private string(text: string): string {
    if ((text.startsWith("{") || text.startsWith("[")) && maybeSecretInside.test(text)) {
      try {
        const inner: unknown = JSON.parse(text);
        const shown = JSON.stringify(this.value(inner));
        if (shown.includes(hidden)) return shown;
      } catch {
        // not JSON after all
      }
    }
    return this.text(text);
  }

  private asset(value: unknown): unknown {
    const shown = value as { path?: unknown; uri?: unknown; text?: unknown; assets?: unknown };
    const kind = pulumi.asset.Archive.isInstance(value) ? "archive" : "asset";
    if (typeof shown.path === "string") return { [kind]: this.file(shown.path) };
    if (typeof shown.uri === "string") return { [kind]: this.text(shown.uri) };
    if (typeof shown.text === "string") return { [kind]: `text, SHA-256 ${shortHash(shown.text, 64)}` };
    return { [kind]: this.value(shown.assets) };
  }

  private file(file: string): string {
    return path.relative(this.root, path.resolve(this.root, file)).split(path.sep).join("/") || ".";
  }
}
