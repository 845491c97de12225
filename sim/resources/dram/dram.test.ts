import { expect, test } from 'vitest';
import { randomStreams } from '../../kernel/random.ts';
import { type AccessLoad, accessLoop } from './accessLoop.ts';
import { type DramChannels, dramFlaws } from './device.ts';

const MIB = 2 ** 20;
/** Two channels of 4 bank groups of 4 banks with rows of 1 KiB; bursts take 2 ns and rows 30 + 14 ns. */
const dram: DramChannels = {
  pin_bytes_per_s: 16e9,
  burst_bytes: 32,
  interleave_bytes: 256 * MIB,
  address_map: '14R-1BG-2B-5C-1BG',
  open_s: 12e-9,
  close_s: 14e-9,
  row_s: 30e-9,
  read_to_close_s: 6e-9,
  opens_apart_s: 6e-9,
  group_apart_s: 4e-9,
  refresh_s: 300e-9,
  refresh_interval_s: 3000e-9,
  path_s: 80e-9,
  port_bytes_per_s: 32e9,
};
const CAPACITY = 512 * MIB;
const load: AccessLoad = {
  masters: 1,
  requests: 5000,
  request_bytes: 32,
  pattern: 'sequential',
  stride_bytes: 64,
  span_bytes: 256 * MIB,
  outstanding: 1,
  gap_s: 0,
  master_bytes_per_s: 16e9,
  ordered: false,
};
const run = (change: Partial<DramChannels>, more: Partial<AccessLoad>) =>
  accessLoop({ ...dram, ...change }, CAPACITY, { ...load, ...more }, randomStreams(1).stream('addresses'));
const rate = (change: Partial<DramChannels>, more: Partial<AccessLoad>): number => {
  const { bytes, seconds } = run(change, { outstanding: 256, ...more });
  return bytes / seconds;
};
/** No refresh to speak of. */
const calm = { refresh_s: 1e-12, refresh_interval_s: 1 };
/** Commands begin on the next clock of their kind: 2 ns of the pins, 1 ns of openings. */
const CLOCKS_NS = 3;

test('a row hit takes the path and a burst, a closed row opens first, and a conflict closes another before', () => {
  const [hit] = run(calm, {}).latency_s;
  expect(hit! * 1e9).toBeGreaterThanOrEqual(80 + 2);
  expect(hit! * 1e9).toBeLessThanOrEqual(80 + 2 + CLOCKS_NS);
  const sparse = run(calm, { requests: 16, stride_bytes: 2048 }).latency_s;
  expect(sparse[0]).toBeUndefined();
  expect(Math.abs(sparse[1]! * 1e9 - (80 + 2 + 12))).toBeLessThanOrEqual(CLOCKS_NS);
  const rows = run(calm, { stride_bytes: 32_768 }).latency_s;
  expect(Math.abs(rows[2]! * 1e9 - (80 + 2 + 14 + 12))).toBeLessThanOrEqual(CLOCKS_NS);
});

test('one row after another of a bank takes the row and its closing for each', () => {
  const perRow = 32 / rate(calm, { stride_bytes: 32_768 });
  expect((perRow * 1e9) / (30 + 14)).toBeCloseTo(1, 1);
  const short = 32 / rate({ ...calm, row_s: 1e-9 }, { stride_bytes: 32_768 });
  // Opening, the access and tRTP are longer than tRAS here.
  expect((short * 1e9) / (12 + 6 + 14)).toBeCloseTo(1, 1);
});

test('a stream has what refresh leaves of the pins', () => {
  expect(rate({}, { request_bytes: 64 }) / 16e9).toBeCloseTo(1 - 300 / 3000, 1);
  expect(rate(calm, { request_bytes: 64 }) / 16e9).toBeCloseTo(1, 1);
});

test('accesses to one bank group keep their distance', () => {
  // Few are under way, so that hardly any pass those of the group before.
  const near = { ...calm, path_s: 10e-9 };
  const share = (change: Partial<DramChannels>, stride_bytes: number): number =>
    rate({ ...near, ...change }, { stride_bytes, outstanding: 12 }) / 16e9;
  // Half the pins' rate, and a little more where a group ends and the next one's first accesses pass.
  const half = share({}, 64);
  expect(half).toBeGreaterThan(0.5);
  expect(half).toBeLessThan(0.65);
  expect(share({}, 32)).toBeGreaterThan(0.85);
  // Without a group bit at the bottom a stream stays in one group for 4 KiB.
  const plain = share({ address_map: '14R-2BG-2B-5C' }, 32);
  expect(plain).toBeGreaterThan(0.5);
  expect(plain).toBeLessThan(0.65);
});

test('random rows open one after another', () => {
  const each = 32 / rate({ ...calm, opens_apart_s: 10e-9 }, { pattern: 'random' });
  // Those that wait for their banks leave gaps too short for one.
  expect((each * 1e9) / 10).toBeGreaterThanOrEqual(1);
  expect((each * 1e9) / 10).toBeLessThan(1.1);
});

test('where one waits for reads of other channels, each change of channel costs a latency', () => {
  const both = { pattern: 'random', span_bytes: CAPACITY, request_bytes: 64 } as const;
  const waits = (64 / rate(calm, { ...both, ordered: true })) * 1e9;
  // Half of the reads change channel and wait for a conflict (or its like) before them.
  expect(waits).toBeGreaterThan((80 + 2 + 12) / 2);
  expect(waits).toBeLessThan((80 + 4 + 30 + 14 + 12 + CLOCKS_NS) / 2 + 12);
  expect(rate(calm, both)).toBeGreaterThan(3 * rate(calm, { ...both, ordered: true }));
});

test('channels add up, and interleaving gives one master both', () => {
  const one = rate({}, { request_bytes: 64 });
  expect(rate({}, { request_bytes: 64, masters: 2 }) / (2 * one)).toBeCloseTo(1, 2);
  const striped = rate(
    { interleave_bytes: 256 },
    { request_bytes: 64, master_bytes_per_s: 32e9, span_bytes: CAPACITY },
  );
  expect(striped).toBeGreaterThan(1.8 * one);
});

test('a port and a master that are slower than the pins hold them up', () => {
  expect(rate(calm, { request_bytes: 64, master_bytes_per_s: 4e9 }) / 4e9).toBeCloseTo(1, 2);
  expect(rate({ ...calm, port_bytes_per_s: 4e9 }, { request_bytes: 64 }) / 4e9).toBeCloseTo(1, 2);
  expect(rate(calm, { request_bytes: 64, gap_s: 12e-9 }) / 4e9).toBeCloseTo(1, 2);
});

test.each([
  ['address_map', { address_map: '14R-2X' }, CAPACITY],
  ['address_map', { address_map: '40R-5C' }, CAPACITY],
  ['address_map', {}, 300 * MIB],
  ['interleave_bytes', { interleave_bytes: 48 }, CAPACITY],
  ['interleave_bytes', { interleave_bytes: 512 * MIB }, CAPACITY],
  ['refresh_s', { refresh_s: 4e-6 }, CAPACITY],
])('a DRAM is refused for its %s', (field, change, capacity) => {
  expect(dramFlaws(dram, CAPACITY)).toEqual([]);
  expect(dramFlaws({ ...dram, ...change }, capacity).map((flaw) => flaw.field)).toContain(field);
});
