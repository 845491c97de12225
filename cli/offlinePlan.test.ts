import { expect, test } from 'vitest';
import type { LayoutBuffer, MemoryLayout } from '../sim/types/index.ts';
import { decodeOfflinePlan } from '../workloads/modelFiles/tflite/offlinePlan.ts';
import { offlinePlan } from './offlinePlan.ts';

const buffer = (file_index: number, offset_bytes: number | null): LayoutBuffer => ({
  name: `t${file_index}`,
  file_index,
  offset_bytes,
  bytes: 16,
  first: 0,
  last: 1,
});
const layout = (buffers: readonly LayoutBuffer[], more: Partial<MemoryLayout> = {}): MemoryLayout => ({
  memory: 'sram',
  capacity_bytes: 1024,
  peak_bytes: 64,
  scratch_bytes: 0,
  steps: [],
  buffers,
  file_tensors: 4,
  patches: null,
  ...more,
});

test('every tensor of the file gets its address, constants are left to the device', () => {
  expect(decodeOfflinePlan(offlinePlan(layout([buffer(2, 0), buffer(0, 32)])))).toEqual([32, null, 0, null]);
});

test('what has no addresses, no file or no interpreter is refused', () => {
  expect(() => offlinePlan(layout([buffer(0, null)]))).toThrow(/gives no addresses/);
  const { file_tensors: _, ...table } = layout([buffer(0, 0)]);
  expect(() => offlinePlan(table)).toThrow(/\.tflite file as the model/);
  expect(() => offlinePlan(undefined)).toThrow(/no tensors/);
  const patches = { patches: 2, image: [8, 8], reads: [5, 5], pitch: [4, 4], before: [0, 0] } as const;
  expect(() => offlinePlan(layout([buffer(0, 0)], { patches }))).toThrow(/no patch stage/);
});
