import { createHash } from "node:crypto";

/**
 * Lower-case words of letters, digits and dashes, at most `maxLength` characters; empty where nothing of the text can be
 * shown that way. Lossy: use `stableName` where two texts must not meet.
 */
export function slug(text: string, maxLength = 40): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, maxLength)
    .replace(/-+$/, "");
}

/** The first `length` hexadecimal digits of a text's SHA-256. */
export function shortHash(text: string, length = 10): string {
  return createHash("sha256").update(text, "utf8").digest("hex").slice(0, length);
}

/**
 * A readable name that no other text has: the slug of the text and a hash of the whole. The same text gives the same
 * name on every machine and in every order.
 */
export function stableName(text: string, maxLength = 60): string {
  const hash = shortHash(text);
  const head = slug(text, maxLength - hash.length - 1);
  return head ? `${head}-${hash}` : hash;
}
