import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { packageFolder } from '../../input/packageFiles.ts';
import { precisionOf } from '../../policies/index.ts';
import { simulate } from '../../sim/executor/index.ts';
import { buildProgram, workloadSchema } from '../../workloads/index.ts';
import { readModel } from '../../workloads/models/load.ts';
import { placement } from './doubleBuffer.ts';
import { withBlocks } from './markdown.ts';

const PAGE = join(packageFolder(), 'docs', 'policies.md');

test('the example of docs/policies.md is the placement that is tested here', async () => {
  const source = readFileSync(new URL('doubleBuffer.ts', import.meta.url), 'utf8')
    .replaceAll("'../../policies/placement/", "'../")
    .replaceAll("'../../sim/", "'../../../sim/");
  const text = await withBlocks(readFileSync(PAGE, 'utf8'), 'ts', (body) =>
    body.includes("'double-buffer'") ? source : body,
  );
  expect(text).toContain("kind: 'double-buffer'");
  await expect(text).toMatchFileSnapshot(PAGE);
});

const machine = loadMachine('a100-80g');
const precision = precisionOf(undefined);
const workload = { kind: 'generate', model: 'opt-13b', prompt: 64, output: 4, batch: 2, batches: 2 };
const program = buildProgram(v.parse(workloadSchema, workload), precision, readModel);
const run = async (fields: object) => {
  const made = await placement.create(v.parse(placement.schema, { kind: 'double-buffer', ...fields }), {
    machine,
    program,
    precision,
  });
  return simulate(machine, program, made).metrics;
};
const layerBytes = program.layers.map(({ weights }) => weights.reduce((sum, { bytes }) => sum + bytes, 0));
const total = layerBytes.reduce((sum, bytes) => sum + bytes, 0);

test('the example fetches every weight once a step and holds no more than it fetches ahead', async () => {
  const metrics = await run({});
  expect(metrics['traffic.pcie.h2d_bytes']).toBe(4 * total);
  const pairs = layerBytes.map((bytes, i) => bytes + (layerBytes[i + 1] ?? 0));
  expect(metrics['memory.gpu.weight.peak_bytes']).toBe(Math.max(...pairs));
  expect(metrics['memory.cpu.weight.peak_bytes']).toBe(program.summary.weight_bytes);
});

test('fetching ahead hides the shorter of copying and computing', async () => {
  const [serial, overlapped] = [await run({ ahead: 0 }), await run({ ahead: 1 })];
  const copy = serial['time.decode.weight_read_s']!;
  expect(serial['time.decode_s']!).toBeGreaterThan(copy);
  expect(overlapped['time.decode_s']!).toBeLessThan(serial['time.decode_s']!);
  expect(overlapped['time.decode_s']!).toBeGreaterThanOrEqual(copy);
  expect(serial['memory.gpu.weight.peak_bytes']).toBe(Math.max(...layerBytes));
});
