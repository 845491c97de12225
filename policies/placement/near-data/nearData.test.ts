import { expect, test } from 'vitest';
import { loadMachine } from '../../../hardware/load.ts';
import { simulate } from '../../../sim/executor/index.ts';
import type { Machine } from '../../../sim/types/index.ts';
import { generateFields } from '../../../workloads/generate/schema.ts';
import { buildProgram } from '../../../workloads/index.ts';
import { readModel } from '../../../workloads/models/load.ts';
import { loadPlacement, type Policy, precisionOf } from '../../index.ts';
import type { NearDataFields } from './schema.ts';

const OUTPUT = 4;
const LAYERS = 24;
/** Decode steps that store: the last token's keys and values are not needed. */
const STORES = LAYERS * (OUTPUT - 2);
const machine = loadMachine('instcsd-a6000');
const run = async (fields: Partial<NearDataFields>, on: Machine = machine) => {
  const workload = generateFields({
    model: 'opt-1.3b',
    prompt: 64,
    output: OUTPUT,
    batch: 4,
    attention_kernel: 'flash',
  });
  const policy: Policy = { placement: { kind: 'near-data', attention_on: 'fast', ...fields } as NearDataFields };
  const precision = precisionOf(undefined);
  const program = buildProgram(workload, precision, readModel);
  return simulate(on, program, await loadPlacement(policy, { machine: on, program, precision })).metrics;
};
/** The same machine, a small write taking so many seconds. */
const writing = (small_write_s: number): Machine => ({
  ...machine,
  memories: machine.memories.map((memory) =>
    memory.page_cache ? { ...memory, page_cache: { ...memory.page_cache, small_write_s } } : memory,
  ),
});
const sparse = { read: 0.125, compute: 0.125 } as const;

test('behind the host every step writes its keys and values, on the stream that reads the cache', async () => {
  const seconds = async (small: number) => (await run({}, writing(small)))['time.decode_s']!;
  // A few milliseconds of them hide behind kernels.
  expect((await seconds(1)) - (await seconds(0))).toBeCloseTo(2 * STORES, 1);
});

test('keys in two layouts are half as much again, and a third write', async () => {
  const of = async (key_copies: 1 | 2, small: number) => run({ sparse: { ...sparse, key_copies } }, writing(small));
  const [one, two] = [await of(1, 1), await of(2, 1)];
  expect(two['memory.disk.kv.peak_bytes']! / one['memory.disk.kv.peak_bytes']!).toBeCloseTo(1.5, 12);
  expect(two['time.decode_s']! - (await of(2, 0))['time.decode_s']!).toBeCloseTo(3 * STORES, 1);
});

test('in the drive what is written goes to flash as often as there are layouts', async () => {
  const written = async (key_copies: 1 | 2) =>
    (await run({ attention_on: 'near', sparse: { ...sparse, key_copies } }))['memory.csd_flash.kv.peak_bytes']!;
  expect((await written(2)) / (await written(1))).toBeCloseTo(1.5, 12);
});
