import type { Rng } from '../../kernel/random.ts';
import { DramBanks, FOUND } from './banks.ts';
import type { DramChannels } from './device.ts';

/** Reads that masters send to a DRAM, each through a port of its own and from a part of the addresses of its own. */
export interface AccessLoad {
  readonly masters: number;
  readonly requests: number;
  readonly request_bytes: number;
  readonly pattern: 'random' | 'sequential';
  /** Bytes from one request to the next where they are sequential. */
  readonly stride_bytes: number;
  /** What each master addresses. */
  readonly span_bytes: number;
  /** Requests of one master under way at most. */
  readonly outstanding: number;
  /** From the last beat of a request until the next is sent. */
  readonly gap_s: number;
  /** Rate at which a master takes data: a request occupies it for so long. */
  readonly master_bytes_per_s: number;
  /** Whether a request for another channel waits until all before it have ended, as AXI reads of one ID do. */
  readonly ordered: boolean;
}

export interface AccessMeasurement {
  readonly seconds: number;
  readonly bytes: number;
  /** Mean seconds from sending to the last byte, of all requests and by how they found their row (`FOUND`). */
  readonly mean_latency_s: number;
  readonly latency_s: readonly (number | undefined)[];
}

/** Runs the reads of all masters to their end. */
export function accessLoop(dram: DramChannels, capacity_bytes: number, load: AccessLoad, rng: Rng): AccessMeasurement {
  const banks = new DramBanks(dram, capacity_bytes);
  const { masters, requests, request_bytes: bytes, outstanding, span_bytes: span } = load;
  const portNs = (bytes / dram.port_bytes_per_s) * 1e9;
  const stepNs = (bytes / load.master_bytes_per_s + load.gap_s) * 1e9;
  const pathNs = dram.path_s * 1e9;
  const steps = Math.max(1, Math.floor((span - bytes) / load.stride_bytes) + 1);
  const places = Math.max(1, Math.floor(span / bytes));
  /** Of each master: when it may send next, when its port is free, the channel asked last, and the ends of those under way. */
  const next = new Float64Array(masters);
  const portFree = new Float64Array(masters);
  const last = new Int32Array(masters).fill(-1);
  const ends = new Float64Array(masters * outstanding);
  const sent = new Int32Array(masters);
  const sums = [0, 0, 0, 0];
  const counts = [0, 0, 0, 0];
  let finish = 0;
  for (let left = masters * requests; left > 0; left--) {
    const master = earliest(next);
    const number = sent[master]!;
    const place =
      load.pattern === 'random' ? Math.floor(rng.next() * places) * bytes : (number % steps) * load.stride_bytes;
    const address = master * span + place;
    const channel = banks.channelOf(address);
    const slot = master * outstanding + (number % outstanding);
    let at = Math.max(next[master]!, ends[slot]!);
    if (load.ordered && channel !== last[master]) at = Math.max(at, portFree[master]!);
    const leaves = banks.read(address, bytes, at) + pathNs;
    const end = Math.max(leaves, portFree[master]! + portNs);
    portFree[master] = end;
    ends[slot] = end;
    last[master] = channel;
    sums[banks.found]! += end - at;
    counts[banks.found]! += 1;
    sent[master] = number + 1;
    next[master] = number + 1 < requests ? at + stepNs : Number.POSITIVE_INFINITY;
    finish = Math.max(finish, end);
  }
  const mean = (sum: number, count: number): number => sum / count / 1e9;
  return {
    seconds: finish / 1e9,
    bytes: masters * requests * bytes,
    mean_latency_s: mean(
      sums.reduce((a, b) => a + b),
      masters * requests,
    ),
    latency_s: [FOUND.hit, FOUND.closed, FOUND.conflict, FOUND.refresh].map((found) =>
      counts[found]! > 0 ? mean(sums[found]!, counts[found]!) : undefined,
    ),
  };
}

function earliest(times: Float64Array): number {
  let first = 0;
  for (let i = 1; i < times.length; i++) if (times[i]! < times[first]!) first = i;
  return first;
}
