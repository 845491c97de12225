import { MissingFactError, PolicyError } from '../errors.ts';
import type { Ledger } from '../ledger.ts';
import type { Link, LinkDirection, Machine, Memory } from '../types/machine.ts';
import type { Curve } from '../types/units.ts';
import { linearCurveAt } from './curve.ts';
import type { FlowNetwork } from './flowNetwork.ts';

/** One hop of a route: a link in one direction. */
interface Hop {
  readonly link: Link;
  readonly direction: LinkDirection;
  readonly channels: readonly number[];
  readonly engine: number;
  readonly activity: number;
  readonly counter: number;
  readonly to: string;
}

/** A way from one memory to another, ready to be flown on. */
export interface Route {
  /** Path number in the flow network. */
  readonly path: number;
  /** The copy engine that must be held, or −1 (several hops: that of the last). */
  readonly engine: number;
  /** Ledger activities that are on while bytes flow. */
  readonly activities: readonly number[];
  /** Ledger counters that get every byte. */
  readonly counters: readonly number[];
  readonly direction: LinkDirection | null;
  /** The rate of a long transfer alone: the least of the last link's and that of the memories at its ends. */
  readonly plateau_bytes_per_s: number;
  readonly granularity_bytes: number;
  readonly latency_s: number;
}

/** The machine's memories and links as channels of a flow network, and routes over them. */
export class Fabric {
  /** Copy engines: transfers in flight at once. */
  readonly engines: number[] = [];
  readonly engineActivity: number[] = [];
  private readonly machine: Machine;
  private readonly network: FlowNetwork;
  private readonly ledger: Ledger;
  private readonly memories = new Map<string, Memory>();
  private readonly readPort = new Map<string, readonly number[]>();
  private readonly writePort = new Map<string, readonly number[]>();
  private readonly hops = new Map<string, Hop[]>();
  private readonly routes = new Map<string, Map<string, Route>>();
  /** Activities per path number. */
  readonly pathActivities: (readonly number[])[] = [];

  constructor(machine: Machine, network: FlowNetwork, ledger: Ledger) {
    this.machine = machine;
    this.network = network;
    this.ledger = ledger;
    for (const memory of machine.memories) this.addMemory(memory);
    for (const link of machine.links) this.addLink(link);
  }

  /** @throws PolicyError for a memory the machine does not have. */
  memory(id: string): Memory {
    const memory = this.memories.get(id);
    if (memory === undefined) {
      throw new PolicyError(
        `machine "${this.machine.id}" has no memory "${id}"; it has ${[...this.memories.keys()].join(', ')}`,
      );
    }
    return memory;
  }

  /** Channels of a memory's reads or writes, for bytes that cross no link. */
  port(memory: string, way: 'read' | 'write'): readonly number[] {
    return (way === 'read' ? this.readPort : this.writePort).get(this.memory(memory).id)!;
  }

  /** The route between two memories: the link that joins them, or the shortest chain of links. */
  route(from: string, to: string): Route {
    const known = this.routes.get(from)?.get(to);
    if (known !== undefined) return known;
    const hops = this.search(from, to);
    const channels = [...this.readPort.get(from)!];
    const activities = [this.ledger.activity(`memory.${from}`), this.ledger.activity(`memory.${to}`)];
    const counters = [this.ledger.counter(`read.${from}`), this.ledger.counter(`write.${to}`)];
    for (const hop of hops) {
      channels.push(...hop.channels);
      activities.push(hop.activity);
      counters.push(hop.counter);
      if (hop.to !== to) channels.push(...this.writePort.get(hop.to)!, ...this.readPort.get(hop.to)!);
    }
    channels.push(...this.writePort.get(to)!);
    if (!(this.memory(to).write_bytes_per_s > 0)) {
      throw new MissingFactError(`memory "${to}" of machine "${this.machine.id}" has no write_bytes_per_s`);
    }
    const last = hops[hops.length - 1]!;
    return this.keep(from, to, channels, activities, counters, last.engine, last.direction, this.memory(from));
  }

  private keep(
    from: string,
    to: string,
    channels: readonly number[],
    activities: readonly number[],
    counters: readonly number[],
    engine: number,
    direction: LinkDirection | null,
    source: Memory,
  ): Route {
    const path = this.network.addPath(channels);
    this.pathActivities[path] = activities;
    const { granularity_bytes, latency_s } = source;
    const plateau_bytes_per_s = plateauOf(direction, source, this.memory(to));
    const route = { path, engine, activities, counters, direction, plateau_bytes_per_s, granularity_bytes, latency_s };
    const fromHere = this.routes.get(from) ?? new Map<string, Route>();
    fromHere.set(to, route);
    this.routes.set(from, fromHere);
    return route;
  }

  private search(from: string, to: string): Hop[] {
    this.memory(from);
    this.memory(to);
    const cameBy = new Map<string, Hop>();
    const cameFrom = new Map<string, string>();
    const queue = [from];
    for (let i = 0; i < queue.length && !cameBy.has(to); i++) {
      for (const hop of this.hops.get(queue[i]!) ?? []) {
        if (hop.to === from || cameBy.has(hop.to)) continue;
        cameBy.set(hop.to, hop);
        cameFrom.set(hop.to, queue[i]!);
        queue.push(hop.to);
      }
    }
    if (!cameBy.has(to)) throw new PolicyError(`machine "${this.machine.id}" has no link from "${from}" to "${to}"`);
    const hops: Hop[] = [];
    for (let at = to; at !== from; at = cameFrom.get(at)!) hops.unshift(cameBy.get(at)!);
    return hops;
  }

  private addMemory(memory: Memory): void {
    this.memories.set(memory.id, memory);
    const read = this.network.addChannel(memory.read_bytes_per_s);
    const write = this.network.addChannel(memory.write_bytes_per_s);
    if (memory.read_share_curve.length === 0) {
      this.readPort.set(memory.id, [read]);
      this.writePort.set(memory.id, [write]);
    } else {
      const joint = this.network.addChannel(Number.POSITIVE_INFINITY);
      this.network.coupleReadShare(read, write, joint, memory.read_bytes_per_s, memory.read_share_curve);
      this.readPort.set(memory.id, [read, joint]);
      this.writePort.set(memory.id, [write, joint]);
    }
  }

  private addLink(link: Link): void {
    const forward = this.network.addChannel(link.forward.bytes_per_s ?? Number.POSITIVE_INFINITY);
    const backward = this.network.addChannel(link.backward.bytes_per_s ?? Number.POSITIVE_INFINITY);
    this.network.coupleDuplex(
      forward,
      backward,
      link.forward.duplex_bytes_per_s ?? link.forward.bytes_per_s ?? Number.POSITIVE_INFINITY,
      link.backward.duplex_bytes_per_s ?? link.backward.bytes_per_s ?? Number.POSITIVE_INFINITY,
    );
    const total = link.total_bytes_per_s === undefined ? [] : [this.network.addChannel(link.total_bytes_per_s)];
    this.addHop(link, link.forward, link.from, link.to, [forward, ...total]);
    this.addHop(link, link.backward, link.to, link.from, [backward, ...total]);
  }

  private addHop(link: Link, direction: LinkDirection, from: string, to: string, channels: readonly number[]): void {
    const name = `${link.id}.${direction.name}`;
    const engine = this.engines.push(link.copy_engines) - 1;
    this.engineActivity.push(this.ledger.activity(`copy.${name}`));
    const hop = {
      link,
      direction,
      channels,
      engine,
      activity: this.ledger.activity(`link.${name}`),
      counter: this.ledger.counter(`link.${name}`),
      to,
    };
    const known = this.hops.get(from);
    if (known === undefined) this.hops.set(from, [hop]);
    else known.push(hop);
  }
}

/** The rate of a long transfer alone over one link: the least of its own and that of the memories at its ends. */
export function plateauOf(direction: LinkDirection | null, from: Memory, to: Memory): number {
  return Math.min(direction?.bytes_per_s ?? Number.POSITIVE_INFINITY, from.read_bytes_per_s, to.write_bytes_per_s);
}

/**
 * Seconds before the bytes of a transfer flow: the latency and setup, and what measured single transfers of that size
 * took beyond setup + bytes ÷ plateau. Where a what-if raises the plateau above the one that the table shows, that of the
 * table counts: a faster link moves the bytes faster and has the same setup.
 */
export function setupSeconds(direction: LinkDirection, bytes: number, plateau_bytes_per_s: number): number {
  const times = direction.transfer_times;
  if (times.length === 0) return direction.setup_s;
  const measured = linearCurveAt(times, bytes, 0);
  return Math.max(direction.setup_s, measured - bytes / Math.min(plateau_bytes_per_s, longestRate(times)));
}

/** Setup that hardly counts: a transfer that reaches this share of its plateau shows it. */
const NEARLY = 0.95;

/** The plateau that the table itself shows, between its two longest transfers; infinite where it does not reach one. */
function longestRate(times: Curve): number {
  const [before, last] = times.slice(-2);
  if (before === undefined || last === undefined) return Number.POSITIVE_INFINITY;
  const rate = (last[0] - before[0]) / (last[1] - before[1]);
  return last[0] / last[1] >= NEARLY * rate ? rate : Number.POSITIVE_INFINITY;
}

/** @throws MissingFactError when the machine says nothing of pageable transfers on this link. */
export function pageableLimit(direction: LinkDirection, link: string): number {
  if (direction.pageable_bytes_per_s === undefined) {
    throw new MissingFactError(
      `link "${link}" has no ${direction.name}_pageable_bytes_per_s, which pageable transfers need`,
    );
  }
  return direction.pageable_bytes_per_s;
}
