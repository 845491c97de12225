import { MissingFactError } from '../errors.ts';
import type { Link, Machine } from '../types/machine.ts';
import type { Collective, GroupName, TrainLayout } from '../types/training.ts';

/** A group of ranks on the machine. */
interface Spread {
  readonly ranks: number;
  /** Members on one node, and nodes it reaches. */
  readonly inside: number;
  readonly nodes: number;
}

/** What one collective costs one rank. */
export interface CollectiveCost {
  readonly seconds: number;
  /** The link that limits it. */
  readonly link: 'nvlink' | 'net';
  /** Bytes this rank sends. */
  readonly sent_bytes: number;
}

const NOTHING: CollectiveCost = { seconds: 0, link: 'nvlink', sent_bytes: 0 };

/**
 * Costs of collectives over a cluster's links. Rings move 2(n-1)/n of the buffer for an all-reduce and half of that for
 * its two parts (Patarasuk and Yuan, JPDC 2009). Inside a node the bus bandwidth is the measured one for that size; across
 * nodes it is also at most what the adapters of the group's members carry. Ranks are numbered tensor first, then context,
 * data and pipeline (Narayanan et al., SC 2021, section 3).
 */
export class Collectives {
  private readonly machine: Machine;
  private readonly layout: TrainLayout;
  private readonly perNode: number;

  constructor(machine: Machine, layout: TrainLayout) {
    this.machine = machine;
    this.layout = layout;
    this.perNode = machine.cluster?.devices_per_node ?? 1;
    const nodes = Math.ceil(layout.gpus / this.perNode);
    if (layout.gpus > 1 && machine.cluster === undefined) {
      throw new MissingFactError(`machine "${machine.id}" is one device; ${layout.gpus} need a machine with a cluster`);
    }
    if (machine.cluster?.nodes !== undefined && nodes > machine.cluster.nodes) {
      throw new MissingFactError(`machine "${machine.id}" has ${machine.cluster.nodes} nodes; ${nodes} are needed`);
    }
  }

  cost(collective: Collective): CollectiveCost {
    const spread = this.spread(collective.group);
    const n = spread.ranks;
    if (n === 1 || collective.bytes === 0) return NOTHING;
    const rounds = collective.kind === 'all-reduce' ? 2 : 1;
    const sent = (rounds * (n - 1) * collective.bytes) / n;
    return this.overRing(spread, sent, collective.bytes, rounds);
  }

  /** Ranks of a group. */
  size(group: GroupName): number {
    return this.spread(group).ranks;
  }

  /** Sends a stage's output to the next; ranks of a tensor group then gather the shares they did not get. */
  send(bytes: number, wholeBytes: number): CollectiveCost {
    const { tensor, context, data, pipeline, sequence_parallel, gpus } = this.layout;
    if (pipeline === 1) return NOTHING;
    const crosses = tensor * context * data >= this.perNode && gpus > this.perNode;
    const link = this.link(crosses ? 'net' : 'nvlink');
    const direct = (link.forward.setup_s ?? 0) + bytes / rateOf(link);
    const gathered = sequence_parallel
      ? NOTHING
      : this.cost({ kind: 'all-gather', group: 'tensor', bytes: wholeBytes });
    return { seconds: direct + gathered.seconds, link: crosses ? 'net' : 'nvlink', sent_bytes: bytes };
  }

  /** The sum of the embedding's gradient over the first and the last stage. */
  tied(bytes: number): CollectiveCost {
    const { tensor, context, data, pipeline, gpus } = this.layout;
    if (pipeline === 1) return NOTHING;
    const crosses = tensor * context * data * (pipeline - 1) >= this.perNode && gpus > this.perNode;
    const spread = crosses ? { ranks: 2, inside: 1, nodes: 2 } : { ranks: 2, inside: 2, nodes: 1 };
    return this.overRing(spread, bytes, bytes, 2);
  }

  private overRing(spread: Spread, sent: number, bytes: number, rounds: number): CollectiveCost {
    const nvlink = spread.inside > 1 ? this.link('nvlink') : null;
    const setup = nvlink?.collective_setup_s ?? 0;
    const inside = nvlink === null ? Number.POSITIVE_INFINITY : busOf(nvlink, bytes);
    if (spread.nodes === 1) return { seconds: setup + sent / inside, link: 'nvlink', sent_bytes: sent };
    const net = this.link('net');
    const bus = Math.min(inside, spread.inside * rateOf(net));
    const hops = rounds * (spread.nodes - 1);
    return {
      seconds: (net.collective_setup_s ?? 0) + setup + hops * (net.forward.setup_s ?? 0) + sent / bus,
      link: 'net',
      sent_bytes: sent,
    };
  }

  private spread(group: GroupName): Spread {
    const { tensor, context, data, expert } = this.layout;
    const [ranks, stride] = {
      tensor: [tensor, 1],
      context: [context, tensor],
      data: [data, tensor * context],
      expert: [expert, tensor * context],
    }[group] as [number, number];
    const inside = Math.min(ranks, Math.max(1, Math.floor(this.perNode / stride)));
    return { ranks, inside, nodes: Math.ceil(ranks / inside) };
  }

  private link(id: 'nvlink' | 'net'): Link {
    const link = this.machine.links.find((candidate) => candidate.id === id);
    if (link === undefined) throw new MissingFactError(`machine "${this.machine.id}" has no link "${id}"`);
    return link;
  }
}

function rateOf(link: Link): number {
  if (link.forward.bytes_per_s === undefined) throw new MissingFactError(`link "${link.id}" has no tx_bytes_per_s`);
  return link.forward.bytes_per_s;
}

/**
 * Bus bandwidth for a buffer: between measured sizes a power of the size, which keeps a time that is the same at both the
 * same between them; below the least one latency decides, so a smaller buffer takes as long; beyond the largest it is flat.
 */
function busOf(link: Link, bytes: number): number {
  const curve = link.collective_bytes_per_s;
  if (curve === undefined || curve.length === 0) return rateOf(link);
  const above = curve.findIndex(([size]) => size >= bytes);
  if (above < 0) return curve.at(-1)![1];
  const [size, bus] = curve[above]!;
  if (above === 0) return (bus * bytes) / size;
  const [size0, bus0] = curve[above - 1]!;
  return bus0 * (bus / bus0) ** (Math.log(bytes / size0) / Math.log(size / size0));
}

/** The layout of `ranks` devices that share each layer and nothing else. */
export const tensorLayout = (ranks: number): TrainLayout => ({
  gpus: ranks,
  tensor: ranks,
  pipeline: 1,
  data: 1,
  context: 1,
  expert: 1,
  interleave: 1,
  microbatches: 1,
  sequence_parallel: false,
});
