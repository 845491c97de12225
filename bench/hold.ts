/**
 * The hold model (Jones 1986), the standard load of an event queue: with a fixed number of events pending, take the
 * first and schedule a successor at its time plus a random increment.
 *
 *   node hold.js queue PENDING OPERATIONS        the bare EventQueue
 *   node hold.js simulation PENDING OPERATIONS   PENDING processes, each one waiting and rescheduling, in a Simulation
 *
 * A tenth of the operations come first, untimed. Prints one line of JSON: CPU seconds of the operations, the clock at the
 * end, and a checksum of the order of the events, which every implementation must reproduce.
 */
import { EventQueue } from '../sim/kernel/eventQueue.ts';
import { Simulation } from '../sim/kernel/simulation.ts';

const INCREMENTS = 2 ** 16;
const MEAN_INCREMENT_NS = 1e6;

/** Exponential increments, at least 1 ns, from one linear congruential generator (Numerical Recipes' constants). */
function incrementTable(): Float64Array {
  const table = new Float64Array(INCREMENTS);
  let state = 1;
  for (let i = 0; i < INCREMENTS; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    table[i] = 1 + Math.floor(-Math.log((state + 0.5) / 2 ** 32) * MEAN_INCREMENT_NS);
  }
  return table;
}

interface Outcome {
  readonly cpuSeconds: number;
  readonly clock: number;
  readonly checksum: number;
}

function holdQueue(table: Float64Array, pending: number, warmUp: number, operations: number): Outcome {
  const queue = new EventQueue();
  let drawn = 0;
  for (let id = 0; id < pending; id++) queue.schedule(table[drawn++ & (INCREMENTS - 1)]!, 0, 0, id, 0);
  let checksum = 0;
  const hold = (count: number): void => {
    for (let i = 0; i < count; i++) {
      queue.pop();
      checksum = (Math.imul(checksum, 31) + queue.a) | 0;
      queue.schedule(queue.time + table[drawn++ & (INCREMENTS - 1)]!, 0, 0, queue.a, 0);
    }
  };
  hold(warmUp);
  const start = process.cpuUsage();
  hold(operations);
  return { cpuSeconds: cpuSecondsSince(start), clock: queue.time, checksum };
}

function holdSimulation(table: Float64Array, pending: number, warmUp: number, operations: number): Outcome {
  const sim = new Simulation();
  let drawn = 0;
  let checksum = 0;
  let stopAfter = warmUp;
  const wake = sim.register((id) => {
    checksum = (Math.imul(checksum, 31) + id) | 0;
    sim.after(table[drawn++ & (INCREMENTS - 1)]!, wake, id);
    if (sim.events === stopAfter) sim.stop();
  });
  for (let id = 0; id < pending; id++) sim.at(table[drawn++ & (INCREMENTS - 1)]!, wake, id);
  sim.run();
  stopAfter += operations;
  const start = process.cpuUsage();
  sim.run();
  return { cpuSeconds: cpuSecondsSince(start), clock: sim.now, checksum };
}

/** User and system time of the whole process, so that compilation and garbage collection count too. */
function cpuSecondsSince(start: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1e6;
}

const [what, pending, operations] = process.argv.slice(2);
const hold = what === 'simulation' ? holdSimulation : holdQueue;
const outcome = hold(incrementTable(), Number(pending), Math.floor(Number(operations) / 10), Number(operations));
console.log(JSON.stringify(outcome));
