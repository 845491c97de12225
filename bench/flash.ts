/**
 * CPU seconds of a simulated second of random reads on a flash drive, in process: 4 KiB at depths that give about 0.5
 * million requests, the load that MQSim takes 2 to 23 s for.
 *
 *   node out/bench/bench/flash.js
 *
 * Prints one line of JSON: requests, events, CPU seconds of the fastest and of the median round, CPU seconds of 0.6 million
 * requests at the fastest, and how many times that is the same number of events that do nothing, which take turns with it
 * and so tell a slow model from a busy machine.
 */

import { loadMachine } from '../hardware/load.ts';
import { Lanes } from '../sim/kernel/lanes.ts';
import { closedLoop } from '../sim/resources/flash/closedLoop.ts';

const drive = loadMachine('mqsim-nvme').memories.find(({ flash }) => flash !== undefined)!;
const REQUESTS = 0.6e6;
const ROUNDS = 7;

const times: number[] = [];
const empty: number[] = [];
let requests = 0;
let events = 0;
for (let round = 0; round < ROUNDS; round++) {
  let start = process.cpuUsage();
  const measured = closedLoop(
    drive.flash!,
    {
      request_bytes: 4096,
      queue_depth: 128,
      read_share: 1,
      pattern: 'random',
      align_bytes: 4096,
      span_bytes: drive.capacity_bytes,
      duration_s: 1,
      consumer: 'host',
    },
    1,
  );
  times.push(secondsSince(start));
  start = process.cpuUsage();
  doNothing(measured.events);
  empty.push(secondsSince(start));
  requests = measured.requests;
  events = measured.events;
}
const ascending = (values: number[]): number[] => values.sort((a, b) => a - b);
const [cpu_s, empty_s] = [ascending(times)[0]!, ascending(empty)[0]!];
console.log(
  JSON.stringify({
    requests,
    events,
    cpu_s,
    median_cpu_s: times[ROUNDS >> 1],
    cpu_s_of_600k: (cpu_s / requests) * REQUESTS,
    times_empty_loop: cpu_s / empty_s,
  }),
);

function secondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** As many events as the drive had, of as many kinds and as many pending. */
function doNothing(count: number): void {
  const sim = new Lanes();
  let left = count;
  const kinds = [700, 1100, 1300, 900].map((delay, kind) =>
    sim.register((id) => {
      if (left-- > 0) sim.after(delay, kinds[(kind + 1) % 4]!, id);
    }),
  );
  for (let id = 0; id < 128; id++) sim.at(id, kinds[0]!, id);
  sim.run(1e12);
}
