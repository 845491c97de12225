/**
 * CPU seconds of a simulated second of random reads on a flash drive, in process: 4 KiB at depths that give about 0.5
 * million requests, the load that MQSim takes 2 to 23 s for.
 *
 *   node out/bench/bench/flash.js
 *
 * Prints one line of JSON: requests, events, CPU seconds (median of the rounds), and CPU seconds of 0.6 million requests.
 */

import { loadMachine } from '../hardware/load.ts';
import { closedLoop } from '../sim/resources/flash/closedLoop.ts';

const drive = loadMachine('mqsim-nvme').memories.find(({ flash }) => flash !== undefined)!;
const REQUESTS = 0.6e6;
const ROUNDS = 7;

const times: number[] = [];
let requests = 0;
let events = 0;
for (let round = 0; round < ROUNDS; round++) {
  const start = process.cpuUsage();
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
  const { user, system } = process.cpuUsage(start);
  times.push((user + system) / 1e6);
  requests = measured.requests;
  events = measured.events;
}
const cpu_s = times.sort((a, b) => a - b)[ROUNDS >> 1]!;
console.log(JSON.stringify({ requests, events, cpu_s, cpu_s_of_600k: (cpu_s / requests) * REQUESTS }));
