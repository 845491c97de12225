import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closedLoop, type IoLoad } from '../closedLoop.ts';
import type { FlashDevice } from '../device.ts';
import { onlyReads } from './readLoop.ts';

const KIB = 1024;
const oneOf = <const T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

/** Small drives whose times often fall on one instant, so that the order of events matters. */
const devices: fc.Arbitrary<FlashDevice> = fc
  .record({
    channels: fc.integer({ min: 1, max: 5 }),
    chips_per_channel: fc.integer({ min: 1, max: 4 }),
    dies_per_chip: fc.integer({ min: 1, max: 2 }),
    planes_per_die: fc.integer({ min: 1, max: 4 }),
    page_bytes: oneOf(4 * KIB, 16 * KIB, 12 * KIB),
    sector_bytes: oneOf(512, 2 * KIB),
    read_s: oneOf(3e-6, 40e-6, 45.5e-6),
    channel_bytes_per_s: oneOf(1e9, 333e6, 1.2e9),
    command_s: oneOf(290e-9, 1e-6, 0),
    plane_command_s: oneOf(0, 650e-9),
    bus: oneOf('data-first', 'command-first', 'fair'),
    command_unit: oneOf('chip', 'die'),
    holds_page: fc.boolean(),
    allocation: oneOf('log', 'static'),
    link: fc.option(
      fc.record({
        lanes: oneOf(1, 4),
        lane_bytes_per_s: oneOf(0.1e9, 1e9, 2e9),
        payload_bytes: oneOf(128, 512),
        header_bytes: oneOf(0, 28),
      }),
      { nil: undefined },
    ),
  })
  .map(({ link, ...device }) => ({
    ...device,
    block_bytes: 8 * device.page_bytes,
    multi_plane_programs: true,
    ...(link === undefined ? {} : { link }),
  }));

const loads: fc.Arbitrary<IoLoad> = fc.record({
  request_bytes: oneOf(512, 3000, 4 * KIB, 16 * KIB, 100 * KIB),
  queue_depth: oneOf(1, 2, 7, 32, 100),
  read_share: fc.constant(1),
  pattern: oneOf('random', 'sequential'),
  align_bytes: oneOf(512, 1000, 4 * KIB, 32 * KIB),
  span_bytes: oneOf(2 ** 20, 2 ** 24, 3 * 2 ** 33),
  duration_s: oneOf(0.5e-3, 3e-3),
  consumer: oneOf('host', 'drive'),
});

test('reads alone end when those of the general drive end, on 400 drawn drives', () => {
  fc.assert(
    fc.property(devices, loads, fc.nat(), (device, load, seed) => {
      expect(onlyReads(device, load)).toBe(true);
      expect(closedLoop(device, load, seed)).toEqual(closedLoop(device, load, seed, 'general'));
    }),
    { numRuns: 400 },
  );
});

test('what writes, looks for its table in the flash or collects is left to the general drive', () => {
  const [device] = fc.sample(devices, 1);
  const [load] = fc.sample(loads, 1);
  const mapping = { cache_bytes: 8 * KIB, entry_bytes: 8, read_bytes: 512 };
  const large = { ...load!, span_bytes: 2 ** 34 };
  expect(onlyReads(device!, { ...load!, read_share: 0.9 })).toBe(false);
  expect(onlyReads({ ...device!, mapping }, large)).toBe(false);
  expect(onlyReads({ ...device!, mapping: { ...mapping, cache_bytes: 2 ** 34 } }, large)).toBe(true);
  expect(onlyReads({ ...device!, collection: { start_blocks: 4, stop_blocks: 2, victim: 'greedy' } }, load!)).toBe(
    false,
  );
});
