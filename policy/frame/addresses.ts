/** IP address blocks, as far as policies need them. */

interface Block {
  readonly family: 4 | 6;
  readonly base: bigint;
  readonly prefix: number;
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined) => (half ? half.split(":") : []);
  const [head, tail] = [groups(halves[0]), groups(halves[1])];
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 0) return undefined;
  const all = [...head, ...Array.from({ length: halves.length === 2 ? missing : 0 }, () => "0"), ...tail];
  if (all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) | BigInt(parseInt(group, 16)), 0n);
}

/** A block from its text; undefined where the text is none. */
export function parseBlock(cidr: string): Block | undefined {
  const [address = "", length] = cidr.trim().split("/");
  const family = address.includes(":") ? 6 : 4;
  const bits = family === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  const base = family === 4 ? parseV4(address) : parseV6(address);
  if (base === undefined || !Number.isInteger(prefix) || prefix < 0 || prefix > bits) return undefined;
  const free = BigInt(bits - prefix);
  return { family, base: (base >> free) << free, prefix };
}

/** Blocks larger than these hold a good part of the internet: halves and quarters of it count as the whole. */
const smallestOpenPrefix = { 4: 7, 6: 15 } as const;

/** True for a block that lets the internet in; text that is no block counts as open. */
export function isOpen(cidr: string): boolean {
  const block = parseBlock(cidr);
  return !block || block.prefix <= smallestOpenPrefix[block.family];
}

/** True where a block lies inside another. */
export function isInside(inner: string, outer: string): boolean {
  const [small, large] = [parseBlock(inner), parseBlock(outer)];
  if (!small || !large || small.family !== large.family || small.prefix < large.prefix) return false;
  const free = BigInt((large.family === 4 ? 32 : 128) - large.prefix);
  return small.base >> free === large.base >> free;
}
