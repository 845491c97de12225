import { expect, test } from 'vitest';
import { loadMachine } from '../../../hardware/load.ts';
import { simulate } from '../../../sim/executor/index.ts';
import type { Machine, MatrixVector } from '../../../sim/types/index.ts';
import { generateFields } from '../../../workloads/generate/schema.ts';
import { buildProgram } from '../../../workloads/index.ts';
import { readModel } from '../../../workloads/models/load.ts';
import { loadPlacement, type Policy, precisionOf } from '../../index.ts';

const card = loadMachine('vhk158');
const withArray = (more: Partial<MatrixVector>): Machine => ({
  ...card,
  compute: card.compute.map((unit) => ({ ...unit, matrix_vector: { ...unit.matrix_vector!, ...more } })),
});
/** Seconds of the products and loads of one decode step of a 1.3B model in int8. */
const decode = async (machine: Machine): Promise<number> => {
  const workload = generateFields({
    model: 'opt-1.3b',
    prompt: 16,
    output: 2,
    batch: 1,
    attention_kernel: 'flash',
  });
  const policy: Policy = { placement: { kind: 'on-chip', density: {} } };
  const precision = { ...precisionOf(undefined), weight_bits: 8, kv_bits: 8, activation_bits: 8 };
  const program = buildProgram(workload, precision, readModel);
  return (await simulate(machine, program, await loadPlacement(policy, { machine, program, precision }))).metrics[
    'time.decode_s'
  ]!;
};

test('two weight buffers hide the shorter of loading and multiplying, one hides nothing', async () => {
  const twice = await decode(withArray({}));
  const once = await decode(withArray({ weight_buffers: 1 }));
  expect(once).toBeGreaterThan(twice * 1.2);
  expect(once).toBeLessThan(twice * 2);
});

test('ports that feed the array faster than memory feeds the buffer cost nothing', async () => {
  const free = await decode(withArray({}));
  expect(await decode(withArray({ buffer_ports: 2, port_bytes_per_s: 1e12 }))).toBeCloseTo(free, 9);
});

test('one slow port takes twice as long as two', async () => {
  const one = await decode(withArray({ buffer_ports: 1, port_bytes_per_s: 50e9 }));
  const two = await decode(withArray({ buffer_ports: 2, port_bytes_per_s: 50e9 }));
  expect(one / two).toBeGreaterThan(1.7);
  expect(one / two).toBeLessThan(2);
});
