import { expect, it } from 'vitest';
import type { Span, StudyResult, Timeline } from '../sim/types/index.ts';
import { MACHINE, METRICS, result, TIMELINE } from '../tests/golden/figures/fixtures.ts';
import type { ChartInput } from './chart.ts';
import { figureOf } from './files.ts';
import { axisUnit } from './marks/units.ts';
import { fieldLabel, fieldOf } from './sweepPoints.ts';

const rowsOf = async (spec: { kind: string; [option: string]: unknown }, inputs: readonly ChartInput[]) =>
  (await figureOf(spec, inputs)).rows;

it('adds the streams of all phases up, and keeps the elapsed time of the run', async () => {
  const rows = await rowsOf({ kind: 'breakdown' }, [{ result: result() }]);
  expect(rows.find((row) => row['stream'] === 'compute')).toMatchObject({
    busy_s: 96.4 + 402,
    elapsed_s: 629,
    phase: 'all',
  });
  const each = await rowsOf({ kind: 'breakdown', phase: 'each' }, [{ result: result() }]);
  expect(
    each.filter((row) => row['stream'] === 'compute').map((row) => [row['phase'], row['busy_s'], row['elapsed_s']]),
  ).toEqual([
    ['prefill', 96.4, 121],
    ['decode', 402, 508],
  ]);
});

it('never loses the fullest instant of a memory', async () => {
  const samples = Array.from({ length: 5000 }, (_, i): [number, number] => [i * 1000, i === 3217 ? 900 : i % 7]);
  const timeline: Timeline = { tracks: [], spans: [], counters: [{ name: 'memory.gpu.kv', unit: 'bytes', samples }] };
  const rows = await rowsOf({ kind: 'occupancy', points: 50 }, [{ result: result(), timeline }]);
  expect(rows.length).toBeLessThanOrEqual(51);
  expect(rows).toContainEqual({
    at_s: 3217e-6,
    memory: 'gpu',
    kind: 'kv',
    bytes: 900,
    capacity_bytes: null,
    phase: '',
  });
});

it('takes the capacity that tensors can have', async () => {
  const [row] = await rowsOf({ kind: 'occupancy' }, [{ result: result(), timeline: TIMELINE, machine: MACHINE }]);
  expect(row!['capacity_bytes']).toBe(14.6 * 2 ** 30);
});

it('draws spans too narrow to see apart as one, and counts them', async () => {
  const spans = Array.from(
    { length: 10_000 },
    (_, i): Span => ({
      track: 0,
      name: `k${i}`,
      category: i < 5000 ? 'compute' : 'kv_read',
      start_ns: i * 100,
      end_ns: i * 100 + 99,
      bytes: 0,
      caused_by: -1,
    }),
  );
  const timeline: Timeline = { tracks: [{ id: 0, name: 'gpu', group: 'compute' }], spans, counters: [] };
  const rows = await rowsOf({ kind: 'timeline' }, [{ result: result(), timeline }]);
  expect(rows.map((row) => [row['category'], row['spans'], row['start_s'], row['end_s']])).toEqual([
    ['compute', 5000, 0, 499_999e-9],
    ['kv_read', 5000, 500_000e-9, 999_999e-9],
  ]);
  const part = await rowsOf({ kind: 'timeline', from_s: 0.00001, to_s: 0.00002 }, [{ result: result(), timeline }]);
  expect(part.reduce((sum, row) => sum + Number(row['spans']), 0)).toBe(100);
});

it('puts a run on the roof of a link: FLOPs over the bytes that crossed it', async () => {
  const run = result({
    metrics: {
      'compute.flops': 8e15,
      'time.total_s': 400,
      'traffic.pcie.h2d_bytes': 4e12,
      'traffic.pcie.d2h_bytes': 1,
    },
  });
  const rows = await rowsOf({ kind: 'roofline' }, [{ result: run, machine: MACHINE }]);
  expect(rows.filter((row) => row['mark'] === 'point')).toEqual([
    { mark: 'point', name: 'base', series: 'run over PCIe', flop_per_byte: 2000, flop_per_s: 2e13, bytes_per_s: null },
  ]);
  expect(rows.filter((row) => row['mark'] === 'roof').map((row) => row['name'])).toEqual([
    'gpu fp16',
    'gpu',
    'pcie h2d',
  ]);
});

it('marks the front by each metric’s own direction', async () => {
  const point = (id: string, bytes: number, rate: number): ChartInput => ({
    result: result({ case: id, metrics: { 'memory.gpu.peak_bytes': bytes, 'throughput.tokens_per_s': rate } }),
  });
  const rows = await rowsOf({ kind: 'pareto' }, [point('a', 1, 1), point('b', 2, 3), point('c', 3, 2)]);
  expect(rows.filter((row) => row['front']).map((row) => row['case'])).toEqual(['a', 'b']);
});

it('keeps published values out of a sweep when asked to, and claims of other metrics always', async () => {
  const spec = { kind: 'sweep', x: 'workload.batch', y: 'throughput.tokens_per_s' };
  const both = await rowsOf(spec, [{ result: result() }]);
  expect(both.map((row) => [row['source'], row['x'], row['y']])).toEqual([
    ['simulated', 48, METRICS['throughput.tokens_per_s']],
    ['published', 48, 7.32],
    ['published', 48, 3.5],
    ['published', 48, 13.1],
  ]);
  expect(await rowsOf({ ...spec, published: false }, [{ result: result() }])).toHaveLength(1);
});

it('shows a claim in its own kind of value only', async () => {
  const [first, ...others] = result().claims;
  const claims: StudyResult['claims'] = [{ ...first!, op: 'ratio' }, ...others];
  const rows = await rowsOf({ kind: 'bars' }, [{ result: result({ claims }) }]);
  expect(rows.map((row) => row['claim'])).toEqual(['fg-30b-1024', 'fg-30b-256']);
});

it('reads a field of a result by metric, path, or the name of a map', () => {
  expect(fieldOf(result(), 'time.total_s')).toBe(629);
  expect(fieldOf(result(), 'workload.batch')).toBe(48);
  expect(fieldOf(result(), 'policy.placement')).toBe('percent');
  expect(fieldOf(result(), 'policy.placement.overlap')).toBe('on');
  expect(fieldOf(result(), 'policy.placement.weights')).toBe('20/80');
  expect(fieldOf(result(), 'machine')).toBe('t4-gcp');
  expect(fieldOf(result(), 'case')).toBe('base');
  expect(fieldOf(result(), 'policy.constructor')).toBeUndefined();
  expect(fieldLabel('policy.kv.preset')).toBe('KV preset');
  expect(fieldLabel('workload.batch')).toBe('batch');
});

it.each([
  ['s', 629, 's'],
  ['s', 7200, 'h'],
  ['s', 0.0021, 'ms'],
  ['bytes', 15 * 2 ** 30, 'GiB'],
  ['moved_bytes', 5.2e12, 'TB'],
  ['flop_per_s', 65e12, 'TFLOP/s'],
  ['fraction', 0.4, '%'],
  ['token/s', 7, 'token/s'],
  ['s', 0, 's'],
] as const)('labels an axis of %s up to %d in %s', (unit, largest, name) => {
  expect(axisUnit(unit, largest).name).toBe(name);
});

it('counts buffers at shared addresses once, and the hole below the highest address', async () => {
  const at = (name: string, offset_bytes: number, bytes: number, first: number, last: number) => ({
    name,
    offset_bytes,
    bytes,
    first,
    last,
  });
  const layout = {
    memory: 'sram',
    capacity_bytes: 100,
    peak_bytes: 60,
    scratch_bytes: 10,
    steps: [],
    // In place at step 0; at step 1 nothing stands below address 20.
    buffers: [at('a', 0, 30, 0, 0), at('b', 0, 20, 0, 0), at('c', 20, 25, 0, 1)],
    patches: null,
  };
  const rows = await rowsOf({ kind: 'arena-load' }, [{ result: result(), layout }]);
  const same = { bound_bytes: 45, plan_bytes: 45, capacity_bytes: 90 };
  expect(rows).toEqual([
    { step: 0, load_bytes: 45, occupied_bytes: 45, ...same },
    { step: 1, load_bytes: 25, occupied_bytes: 45, ...same },
  ]);
});

it('keeps the ends and the fullest event of an allocator', async () => {
  const samples = Array.from({ length: 5000 }, (_, i) => [i === 3217 ? 900 : i % 7, 1000] as const);
  const timeline: Timeline = { tracks: [], spans: [], counters: [], allocator: { memory: 'gpu', samples } };
  const rows = await rowsOf({ kind: 'fragmentation', points: 50 }, [{ result: result(), timeline }]);
  expect(rows.length).toBeLessThanOrEqual(50);
  expect([rows[0]!['event'], rows.at(-1)!['event']]).toEqual([0, 4999]);
  expect(rows.find((row) => row['event'] === 3217)).toMatchObject({
    allocated_bytes: 900,
    fragmentation: expect.closeTo(0.1),
  });
});
