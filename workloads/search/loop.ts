import { Lanes } from '../../sim/kernel/lanes.ts';
import { randomStreams } from '../../sim/kernel/random.ts';
import { nsFromSeconds } from '../../sim/kernel/time.ts';
import type { FlashDevice } from '../../sim/resources/flash/device.ts';
import { FlashDrive } from '../../sim/resources/flash/drive.ts';

/** What one query does: rounds of reads that go out together, each followed by compute on the query's own thread. */
export interface QueryPlan {
  readonly rounds: number;
  readonly reads: number;
  readonly read_bytes: number;
  readonly compute_s: number;
  /** First rounds that read nothing, because memory has what they need. */
  readonly free_rounds: number;
}

export interface SearchMeasurement {
  readonly queries: number;
  readonly reads: number;
  readonly latencies_ns: Float64Array;
  readonly channel_busy: number;
  readonly unit_busy: number;
  readonly events: number;
}

/** A closed loop: every thread has one query under way, and starts the next when it ends. Places on the drive are uniform. */
export function searchLoop(
  device: FlashDevice,
  load: {
    readonly plan: QueryPlan;
    readonly threads: number;
    readonly span_bytes: number;
    readonly duration_s: number;
  },
  seed: number,
): SearchMeasurement {
  const { plan, threads } = load;
  const sim = new Lanes();
  const random = randomStreams(seed);
  const addresses = random.stream('search addresses');
  const places = Math.max(1, Math.floor(load.span_bytes / plan.read_bytes));
  const startedNs = new Float64Array(threads);
  const round = new Int32Array(threads);
  const pending = new Int32Array(threads);
  const latencies: number[] = [];
  const computeNs = nsFromSeconds(plan.compute_s);
  let reads = 0;
  const drive = new FlashDrive(
    sim,
    device,
    {
      requests: threads * plan.reads,
      span_bytes: load.span_bytes,
      capacity_bytes: load.span_bytes,
      consumer: 'host',
      rng: random.stream('flash mapping'),
    },
    (request) => {
      const thread = Math.floor(request / plan.reads);
      reads += 1;
      pending[thread]! -= 1;
      if (pending[thread] === 0) sim.after(computeNs, computed, thread);
    },
  );
  const begin = (thread: number): void => {
    if (round[thread]! < plan.free_rounds) {
      sim.after(computeNs, computed, thread);
      return;
    }
    pending[thread] = plan.reads;
    for (let i = 0; i < plan.reads; i++) {
      drive.read(thread * plan.reads + i, Math.floor(addresses.next() * places) * plan.read_bytes, plan.read_bytes);
    }
  };
  const computed = sim.register((thread) => {
    round[thread]! += 1;
    if (round[thread]! >= plan.rounds) {
      latencies.push(sim.now - startedNs[thread]!);
      startedNs[thread] = sim.now;
      round[thread] = 0;
    }
    begin(thread);
  });
  for (let thread = 0; thread < threads; thread++) begin(thread);
  const durationNs = nsFromSeconds(load.duration_s);
  sim.run(durationNs);
  return {
    queries: latencies.length,
    reads,
    latencies_ns: Float64Array.from(latencies),
    channel_busy: Math.min(1, drive.array.channelBusyNs / (durationNs * device.channels)),
    unit_busy: Math.min(1, drive.array.unitBusyNs / (durationNs * drive.array.units)),
    events: sim.events,
  };
}
