import { createHash } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";

/** Weight of a key on a node: the first 48 bits of a hash of both. */
function weight(key: string, node: string): number {
  return createHash("sha256").update(`${node}\u0000${key}`, "utf8").digest().readUIntBE(0, 6);
}

/**
 * The node that a key belongs to, by rendezvous hashing: the one with the largest weight. The same for the same key
 * whatever other keys there are; a node that is added takes its share from each of the others, and a node that goes leaves
 * its keys to the others, while no other key moves.
 * @throws RangeError without any node
 */
export function chooseNode(key: string, nodes: readonly string[]): string {
  let best: string | undefined;
  let highest = -1;
  for (const node of nodes) {
    const here = weight(key, node);
    if (here > highest) [best, highest] = [node, here];
  }
  if (best === undefined) throw new RangeError("There is no node to choose from");
  return best;
}

/** One of several stacks that share a fleet. */
export interface Shard {
  /** Counted from 0. */
  readonly index: number;
  readonly count: number;
}

/**
 * The shard that runs a model, out of `count`: jump consistent hashing (Lamping and Veach, 2014) over the key's hash. From n
 * to n + 1 shards, only 1 model in n + 1 moves, and only to the new shard.
 */
export function shardOf(key: string, count: number): number {
  let state = createHash("sha256").update(key, "utf8").digest().readBigUInt64BE();
  let shard = 0;
  for (let next = 0; next < count;) {
    shard = next;
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n);
    next = Math.floor((shard + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return shard;
}

/** A subnet as the network hands it over. */
export interface FleetSubnet {
  readonly id: pulumi.Input<string>;
  readonly zone: string;
  readonly cidr: string;
}

/** Addresses that AWS keeps of every subnet. */
const reservedAddresses = 5;

/** A subnet's name in the hash: facts that stay as long as the subnet does. */
const subnetNode = ({ zone, cidr }: FleetSubnet) => `${zone} ${cidr}`;

/** Addresses of a subnet that instances can have. */
export function usableAddresses(cidr: string): number {
  return 2 ** (32 - Number(cidr.split("/")[1])) - reservedAddresses;
}

/** Each model's subnet. A model that comes or goes moves no other. */
export function placeModels<S extends FleetSubnet>(
  models: readonly { readonly key: string }[],
  subnets: readonly S[],
): Map<string, S> {
  const nodes = subnets.map(subnetNode);
  const byNode = new Map(subnets.map((subnet) => [subnetNode(subnet), subnet]));
  const places = new Map<string, S>();
  for (const { key } of models) {
    const subnet = byNode.get(chooseNode(key, nodes));
    if (subnet) places.set(key, subnet);
  }
  return places;
}
