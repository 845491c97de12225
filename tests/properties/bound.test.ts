import fc from 'fast-check';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { listMachines, loadMachine } from '../../hardware/load.ts';
import { loadPlacement, policySchema, precisionOf } from '../../policies/index.ts';
import { DoesNotFitError, MissingFactError, PolicyError, simulate } from '../../sim/executor/index.ts';
import { buildProgram, workloadSchema } from '../../workloads/index.ts';
import { readModel } from '../../workloads/models/load.ts';

const machines = listMachines()
  .filter(({ id }) => !/^(selene|dgx|a800)/.test(id))
  .map(({ id }) => loadMachine(id))
  // Machines of a single device run no language model.
  .filter(({ compute, roles }) => compute.some(({ memory }) => memory === roles.fast) && roles.host !== undefined);

const split = fc.constantFrom([100, 0], [50, 50], [20, 80], [0, 100], [0, 50], [0, 0]);
const config = fc.record({
  machine: fc.constantFrom(...machines),
  model: fc.constantFrom('opt-1.3b', 'opt-6.7b', 'llama3-8b', 'qwen3-30b-a3b', 'falcon-7b'),
  prompt: fc.integer({ min: 1, max: 600 }),
  output: fc.integer({ min: 1, max: 5 }),
  batch: fc.integer({ min: 1, max: 32 }),
  batches: fc.integer({ min: 1, max: 3 }),
  attention_kernel: fc.constantFrom('eager', 'flash'),
  kind: fc.constantFrom('percent', 'resident'),
  weights: split,
  kv: split,
  activations: fc.constantFrom([100, 0], [0, 100]),
  attention_on: fc.constantFrom('auto', 'gpu', 'cpu'),
  overlap: fc.boolean(),
  weight_bits: fc.constantFrom(16, 8, 4),
  kv_bits: fc.constantFrom(16, 4),
});

it('no run is faster than its bound, on any machine under any placement', async () => {
  let ran = 0;
  await fc.assert(
    fc.asyncProperty(
      config,
      async ({ machine, kind, weights, kv, activations, attention_on, overlap, weight_bits, kv_bits, ...workload }) => {
        const policy = v.parse(policySchema, {
          placement: kind === 'resident' ? { kind } : { kind, weights, kv, activations, attention_on, overlap },
          precision: { weight_bits, kv_bits },
        });
        const precision = precisionOf(policy);
        const program = buildProgram(v.parse(workloadSchema, { kind: 'generate', ...workload }), precision, readModel);
        try {
          const placement = await loadPlacement(policy, { machine, program, precision });
          const { metrics } = simulate(machine, program, placement);
          ran += 1;
          expect(metrics['bound.time_s']!).toBeGreaterThan(0);
          expect(metrics['bound.time_s']!).toBeLessThanOrEqual(metrics['time.total_s']!);
          expect(metrics['bound.gap']!).toBeGreaterThanOrEqual(1);
        } catch (error) {
          if (error instanceof DoesNotFitError || error instanceof MissingFactError || error instanceof PolicyError)
            return;
          throw error;
        }
      },
    ),
    { numRuns: 250 },
  );
  expect(ran).toBeGreaterThan(50);
});
