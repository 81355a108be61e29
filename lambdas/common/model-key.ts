/**
 * Object keys of the deploy bucket: `models/<type>/<symbol>/<model>-outer_X_inner_Y`. X and Y number the folds of a nested
 * cross-validation. The key itself may be the artifact, or a folder that the artifact's files lie under.
 */

/** A model that gets an instance. */
export interface AcceptedModel {
  /** Object key in the bucket, `models/<type>/<symbol>/<model>-outer_<outer>_inner_<inner>`. */
  readonly key: string;
  readonly type: string;
  readonly symbol: string;
  readonly model: string;
  readonly outer: number;
  readonly inner: number;
}

/** What one object key says. */
export type ParsedKey =
  /** The artifact of a model: the object itself, a file under its folder, or that folder's own empty marker. */
  | { readonly kind: "object" | "file" | "marker"; readonly model: AcceptedModel }
  /** Not a model's, and why. */
  | { readonly kind: "rejected"; readonly reason: string };

/** Longest key that S3 takes, in bytes of UTF-8. */
const maxKeyBytes = 1024;

/** What nearly every key is: printable ASCII of an allowed length. The slower checks are for the others. */
const plainPattern = /^[ -~]{1,1024}$/;

/** `<model>-outer_X_inner_Y`; the model's own name may hold anything, even another such ending. */
const artifactPattern = /^(.+)-outer_([^_/]+)_inner_([^_/]+)$/su;

/** A fold's number: no sign, no leading zeros (`01` and `1` would be two artifacts of one model), at most 9 digits. */
const foldPattern = /^(0|[1-9]\d{0,8})$/;

/**
 * What nearly every model's key is after its prefix, told apart in one go: parts of ASCII letters, digits and `_ . + = @ -`
 * that begin with a letter or a digit. Whatever it does not match is looked at part by part.
 */
const usualPattern =
  /^([A-Za-z0-9][\w.+=@-]*)\/([A-Za-z0-9][\w.+=@-]*)\/([A-Za-z0-9][\w.+=@-]*)-outer_(0|[1-9]\d{0,8})_inner_(0|[1-9]\d{0,8})$/;

/** Longest part of a key that a reason repeats, in characters. */
const maxShown = 60;

function show(part: string): string {
  const text = JSON.stringify(part);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…"` : text;
}

function rejected(reason: string): ParsedKey {
  return { kind: "rejected", reason };
}

/** Why no part of this key can be trusted, whatever it spells. */
function textProblem(key: string): string | undefined {
  if (plainPattern.test(key)) return undefined;
  if (/\p{Cc}/u.test(key)) return "contains a control character";
  if (/\p{Cs}/u.test(key)) return "is not valid Unicode (a lone surrogate)";
  if (Buffer.byteLength(key, "utf8") > maxKeyBytes)
    return `is longer than the ${maxKeyBytes.toLocaleString("en")} bytes that S3 takes`;
  return undefined;
}

function partProblem(what: string, part: string): string | undefined {
  if (part === "") return `has no ${what}`;
  if (part === "." || part === "..") return `has the ${what} ${show(part)}, which is a path and not a name`;
  if (part.trim() !== part) return `has white space around the ${what} ${show(part)}`;
  return undefined;
}

function fileProblem(parts: readonly string[]): string | undefined {
  if (parts.some((part) => part === "." || part === "..")) return "leads out of its folder with . or ..";
  if (parts.slice(0, -1).includes("")) return "has an empty folder name";
  return undefined;
}

function nameProblem(name: string): string {
  const extension = /-outer_\d+_inner_\d+(\.\w+)$/.exec(name)?.[1];
  if (extension) return `ends with ${extension} after inner_Y; keep files in a folder named <model>-outer_X_inner_Y`;
  return `does not end with <model>-outer_X_inner_Y: ${show(name)}`;
}

/**
 * Reads an object key. Never throws: what is not a model's comes back with its reason.
 * @param prefix what every model's key starts with, ending in a slash: `models/`
 */
export function parseKey(key: string, prefix: string): ParsedKey {
  if (key.length <= maxKeyBytes && key.startsWith(prefix)) {
    const usual = usualPattern.exec(prefix === "" ? key : key.slice(prefix.length));
    if (usual) {
      const [, type = "", symbol = "", model = "", outer, inner] = usual;
      return { kind: "object", model: { key, type, symbol, model, outer: Number(outer), inner: Number(inner) } };
    }
  }
  const bad = textProblem(key);
  if (bad) return rejected(bad);
  if (!key.startsWith(prefix)) return rejected(`lies outside the prefix ${prefix}`);

  const parts = key.slice(prefix.length).split("/");
  const [type, symbol, name, ...file] = parts;
  if (key.endsWith("/") && parts.length <= 3) return rejected("is a folder's marker, not an artifact");
  if (type === undefined || symbol === undefined || name === undefined) {
    return rejected(`has ${parts.length} of the 3 parts <type>/<symbol>/<model>-outer_X_inner_Y`);
  }
  const problem = partProblem("type", type) ?? partProblem("symbol", symbol) ?? partProblem("model", name);
  if (problem) return rejected(problem);

  const match = artifactPattern.exec(name);
  if (!match) return rejected(nameProblem(name));
  const [, model = "", outer = "", inner = ""] = match;
  for (const [label, fold] of [
    ["outer", outer],
    ["inner", inner],
  ] as const) {
    if (/^\d+\.\w+$/.test(fold)) return rejected(nameProblem(name));
    if (!foldPattern.test(fold))
      return rejected(`has the ${label} fold ${show(fold)}; write 0 to 999999999 without leading zeros`);
  }
  const wrongFile = fileProblem(file);
  if (wrongFile) return rejected(wrongFile);

  return {
    kind: file.length === 0 ? "object" : file.length === 1 && file[0] === "" ? "marker" : "file",
    model: {
      key: file.length === 0 ? key : `${prefix}${type}/${symbol}/${name}`,
      type,
      symbol,
      model,
      outer: Number(outer),
      inner: Number(inner),
    },
  };
}
