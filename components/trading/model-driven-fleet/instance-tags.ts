import { shortHash } from "../../common/naming";
import type { CatalogModel } from "../model-catalog";

/** Longest value of an EC2 tag, in characters. */
const maxValueLength = 256;

/**
 * Splits a text into tag values, in UTF-16 units and never inside a character, so that each fits whichever way it is
 * counted.
 */
export function splitValue(text: string): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length;) {
    let end = Math.min(start + maxValueLength, text.length);
    const lastUnit = text.charCodeAt(end - 1);
    if (end < text.length && lastUnit >= 0xd800 && lastUnit <= 0xdbff) end--;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** A tag, and `<tag>-2`, `<tag>-3`, ... for what does not fit. */
function spread(tag: string, text: string): [string, string][] {
  return splitValue(text).map((piece, index) => [index === 0 ? tag : `${tag}-${index + 1}`, piece]);
}

/** Digits of the hash by which an instance knows that its tags say what the deployment wrote. */
const checkLength = 16;

/**
 * A model's configuration as the tags of its instance, which reads them from its metadata. Keys are of the characters that
 * the metadata service serves (letters, digits, dashes; no slash, no space). At most 6 pieces for a key of 1,024 bytes and
 * as many again for its parts, so that 50 tags are never reached.
 */
export function modelTags(model: CatalogModel): Record<string, string> {
  const title = `${model.type}/${model.symbol}/${model.model}-outer_${model.outer}_inner_${model.inner}`;
  return Object.fromEntries([
    ["Name", splitValue(title)[0] ?? ""],
    ...spread("model-key", model.key),
    ...spread("model-type", model.type),
    ...spread("model-symbol", model.symbol),
    ...spread("model-name", model.model),
    ["model-outer", String(model.outer)],
    ["model-inner", String(model.inner)],
    ["model-artifact", model.artifact],
    ["model-check", shortHash(model.key, checkLength)],
  ]);
}
