import { MissingFactError } from '../../errors.ts';
import { Lanes } from '../../kernel/lanes.ts';
import { type Rng, randomStreams } from '../../kernel/random.ts';
import { nsFromSeconds } from '../../kernel/time.ts';
import type { FlashDevice } from './device.ts';
import { type FlashConsumer, FlashDrive } from './drive.ts';
import { onlyReads, ReadLoop } from './reads/readLoop.ts';

/** A closed loop: `queue_depth` requests are under way at all times. */
export interface IoLoad {
  readonly request_bytes: number;
  readonly queue_depth: number;
  /** Share of the requests that read. */
  readonly read_share: number;
  readonly pattern: 'random' | 'sequential';
  /** Addresses are multiples of this. */
  readonly align_bytes: number;
  /** Part of the drive that is addressed, and all of it (the default: what is addressed). */
  readonly span_bytes: number;
  readonly capacity_bytes?: number;
  readonly duration_s: number;
  readonly consumer: FlashConsumer;
}

/** What was measured over the duration. */
export interface IoMeasurement {
  readonly requests: number;
  readonly read_bytes: number;
  readonly written_bytes: number;
  /** Bytes programmed into the flash, copies included, and blocks erased. */
  readonly programmed_bytes: number;
  readonly erased_blocks: number;
  readonly mapping_misses: number;
  /** Latency of every request that ended, in ns, in the order of their ends. */
  readonly latencies_ns: Float64Array;
  /** Shares of the duration in which a channel, a command unit and the link were busy, on average. */
  readonly channel_busy: number;
  readonly unit_busy: number;
  readonly link_busy: number;
  readonly events: number;
}

/**
 * Runs a closed loop on a drive.
 *
 * @param by `general` runs even what only reads on the general drive; the results are the same.
 * @throws MissingFactError when there are writes and the device does not say how long they take.
 */
export function closedLoop(
  device: FlashDevice,
  load: IoLoad,
  seed: number,
  by: 'quickest' | 'general' = 'quickest',
): IoMeasurement {
  if (load.read_share < 1) {
    if (device.program_s === undefined) throw new MissingFactError('the flash device gives no program_s for writes');
    const erases = device.write_amplification !== undefined || device.collection !== undefined;
    if (erases && device.erase_s === undefined) {
      throw new MissingFactError('the flash device gives no erase_s, which a drive that makes room needs');
    }
  }
  const random = randomStreams(seed);
  if (by === 'quickest' && onlyReads(device, load)) return readsAlone(device, load, random.stream('io addresses'));
  const sim = new Lanes();
  const addresses = random.stream('io addresses');
  const directions = random.stream('io directions');
  const places = Math.max(1, Math.floor((load.span_bytes - load.request_bytes) / load.align_bytes) + 1);
  const startedNs = new Float64Array(load.queue_depth);
  const reads = new Uint8Array(load.queue_depth);
  let latencies = new Float64Array(1024);
  let requests = 0;
  let readRequests = 0;
  let position = 0;
  const drive = new FlashDrive(
    sim,
    device,
    {
      requests: load.queue_depth,
      span_bytes: load.span_bytes,
      capacity_bytes: load.capacity_bytes ?? load.span_bytes,
      consumer: load.consumer,
      rng: random.stream('flash mapping'),
    },
    (request) => {
      if (requests === latencies.length) {
        const wider = new Float64Array(2 * requests);
        wider.set(latencies);
        latencies = wider;
      }
      latencies[requests++] = sim.now - startedNs[request]!;
      readRequests += reads[request]!;
      issue(request);
    },
  );
  const issue = (request: number): void => {
    startedNs[request] = sim.now;
    const place = load.pattern === 'random' ? Math.floor(addresses.next() * places) : position++ % places;
    const address = place * load.align_bytes;
    const isRead = load.read_share >= 1 || (load.read_share > 0 && directions.chance(load.read_share));
    reads[request] = isRead ? 1 : 0;
    if (isRead) drive.read(request, address, load.request_bytes);
    else drive.write(request, address, load.request_bytes);
  };
  for (let request = 0; request < load.queue_depth; request++) issue(request);
  const durationNs = nsFromSeconds(load.duration_s);
  sim.run(durationNs);
  return {
    requests,
    read_bytes: readRequests * load.request_bytes,
    written_bytes: (requests - readRequests) * load.request_bytes,
    programmed_bytes: drive.array.programmedPages * device.page_bytes,
    erased_blocks: drive.array.erasedBlocks,
    mapping_misses: drive.mappingMisses,
    latencies_ns: latencies.slice(0, requests),
    channel_busy: Math.min(1, drive.array.channelBusyNs / (durationNs * device.channels)),
    unit_busy: Math.min(1, drive.array.unitBusyNs / (durationNs * drive.array.units)),
    link_busy: Math.min(1, Math.max(drive.link.outBusyNs, drive.link.inBusyNs) / durationNs),
    events: sim.events,
  };
}

function readsAlone(device: FlashDevice, load: IoLoad, addresses: Rng): IoMeasurement {
  const loop = new ReadLoop(device, load, addresses);
  const durationNs = nsFromSeconds(load.duration_s);
  loop.run(durationNs);
  return {
    requests: loop.requests,
    read_bytes: loop.requests * load.request_bytes,
    written_bytes: 0,
    programmed_bytes: 0,
    erased_blocks: 0,
    mapping_misses: 0,
    latencies_ns: loop.latencies_ns,
    channel_busy: Math.min(1, loop.array.channelBusyNs / (durationNs * device.channels)),
    unit_busy: Math.min(1, loop.array.unitBusyNs / (durationNs * loop.array.units)),
    link_busy: Math.min(1, loop.linkBusyNs / durationNs),
    events: loop.events,
  };
}
