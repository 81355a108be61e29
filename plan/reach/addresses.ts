/** IPv4 blocks, as far as rules need them. */

export interface Block {
  readonly base: number;
  readonly bits: number;
}

/** A block such as `10.0.0.0/16`, or one address; undefined for anything else. */
export function block(text: string): Block | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (!match) return undefined;
  const octets = match.slice(1, 5).map(Number);
  const bits = match[5] === undefined ? 32 : Number(match[5]);
  if (octets.some((octet) => octet > 255) || bits > 32) return undefined;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return { base: address - (address % 2 ** (32 - bits)), bits };
}

/** True where every address of `inner` lies in `outer`. */
export function contains(outer: Block, inner: Block): boolean {
  const size = 2 ** (32 - outer.bits);
  return outer.bits <= inner.bits && inner.base >= outer.base && inner.base < outer.base + size;
}

/** True where the blocks have an address in common. */
export function overlap(a: Block, b: Block): boolean {
  return contains(a, b) || contains(b, a);
}

/** Blocks that no packet from the internet comes from: RFC 1918, RFC 6598, loopback and link-local. */
const privateBlocks = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
].map((text) => block(text) ?? { base: 0, bits: 32 });

/** True where a block, of either family, holds any address of the internet. */
export function isPublic(cidr: string): boolean {
  if (cidr.includes(":")) return !/^f[cde]/i.test(cidr) && cidr !== "::1/128";
  const parsed = block(cidr);
  return parsed !== undefined && !privateBlocks.some((own) => contains(own, parsed));
}
