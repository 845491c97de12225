/**
 * Events per second through real resources: shared links, copy engines, host thread, compute unit, memory accounts and
 * copy workers, driven by FlexGen's placement on OPT-30B with every step simulated (no repetition), lowering included.
 *
 *   node out/bench/bench/resources.js
 *
 * Prints one line of JSON: events, CPU seconds, events per second, and the same for the run that repeats equal steps.
 */

import * as v from 'valibot';
import { loadMachine } from '../hardware/load.ts';
import { loadPlacement, policySchema, precisionOf } from '../policies/index.ts';
import { simulate } from '../sim/executor/index.ts';
import { buildProgram, workloadSchema } from '../workloads/index.ts';
import { readModel } from '../workloads/models/load.ts';

const machine = loadMachine('t4-gcp');
const workload = v.parse(workloadSchema, {
  kind: 'generate',
  model: 'opt-30b',
  prompt: 512,
  output: 128,
  batch: 48,
  batches: 3,
});
const policy = v.parse(policySchema, {
  placement: { kind: 'percent', weights: [20, 80], kv: [0, 100], activations: [0, 100], attention_on: 'cpu' },
});
const precision = precisionOf(policy);
const program = buildProgram(workload, precision, readModel);
const placement = await loadPlacement(policy, { machine, program, precision });

const ROUNDS = 7;

function measure(stepped: boolean): { events: number; cpu_s: number } {
  const times: number[] = [];
  let events = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.cpuUsage();
    events = simulate(machine, program, placement, { stepped }).metrics['sim.events']!;
    const { user, system } = process.cpuUsage(start);
    times.push((user + system) / 1e6);
  }
  times.sort((a, b) => a - b);
  const cpu_s = times[ROUNDS >> 1]!;
  return { events, cpu_s };
}

const stepped = measure(true);
const repeated = measure(false);
console.log(
  JSON.stringify({
    events: stepped.events,
    cpu_s: stepped.cpu_s,
    events_per_s: stepped.events / stepped.cpu_s,
    limit_events_per_s: 2e6,
    repeated_cpu_s: repeated.cpu_s,
    speed_up_of_repetition: stepped.cpu_s / repeated.cpu_s,
  }),
);
