import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { ChunkSimulator } from '../../sim/training/chunk.ts';
import { plansOf, trainingOf } from './step.ts';

/** Is a chunk in closed form what the event engine makes of it, to the nanosecond? */

const machine = loadMachine('a100-800g');

test.each(['keep', 'full'] as const)('lanes are the event engine without moves: %s', (kind) => {
  const sizes = fc.record({
    layers: fc.integer({ min: 1, max: 4 }),
    tensor_parallel: fc.constantFrom(1, 2, 8),
    sequence_parallel: fc.boolean(),
    microbatch: fc.constantFrom(1, 2, 4),
    zero: fc.constantFrom(0 as const, 3 as const),
    data_parallel: fc.constantFrom(1, 4),
  });
  fc.assert(
    fc.property(sizes, ({ layers, zero, data_parallel, tensor_parallel, sequence_parallel, microbatch }) => {
      const { training } = trainingOf({
        tensor_parallel,
        data_parallel,
        microbatch,
        batch: 4 * data_parallel,
        seq: 512,
        sequence_parallel: sequence_parallel && tensor_parallel > 1,
      });
      const policy = { activations: { kind }, optimizer: { kind: 'adam', zero } } as const;
      const context = { machine, ...plansOf(policy, machine, training) };
      const shape = { layers, embed: true, head: false };
      const closed = new ChunkSimulator(context).times(shape, false);
      const stepped = new ChunkSimulator(context).times(shape, true);
      expect([closed.forward_ns, closed.backward_ns]).toEqual([stepped.forward_ns, stepped.backward_ns]);
      for (const phase of ['forward', 'backward'] as const) {
        const { busy_ns, counters } = closed[phase];
        for (const [name, value] of busy_ns) expect(stepped[phase].busy_ns.get(name), name).toBe(value);
        for (const [name, value] of counters) expect(stepped[phase].counters.get(name), name).toBe(value);
      }
    }),
    { numRuns: 40 },
  );
});
