import { expect, test } from 'vitest';
import { type FlashDevice, flashFlaws, internalRate, linkPayloadRate } from './device.ts';

const drive: FlashDevice = {
  channels: 8,
  chips_per_channel: 4,
  dies_per_chip: 2,
  planes_per_die: 2,
  page_bytes: 16_384,
  block_bytes: 4_194_304,
  sector_bytes: 512,
  read_s: 40e-6,
  channel_bytes_per_s: 1.4e9,
  command_s: 290e-9,
  bus: 'data-first',
  command_unit: 'chip',
  holds_page: true,
  multi_plane_programs: true,
};
const TERABYTE = 1e12;
const fields = (more: Partial<FlashDevice>, capacity = TERABYTE): string[] =>
  flashFlaws({ ...drive, ...more }, capacity).map(({ field }) => field);

test('a drive that can be has no flaws', () => {
  expect(fields({})).toEqual([]);
});

test.each([
  [{ channels: 0 }, 'channels'],
  [{ chips_per_channel: 1.5 }, 'chips_per_channel'],
  [{ page_bytes: 8_388_608 }, 'page_bytes'],
  [{ block_bytes: 4_194_305 }, 'block_bytes'],
  [{ sector_bytes: 500 }, 'sector_bytes'],
  [{ mapping: { cache_bytes: 1e6, entry_bytes: 8, read_bytes: 32_768 } }, 'mapping.read_bytes'],
  [{ write_buffer_bytes: 4096 }, 'write_buffer_bytes'],
  [{ write_amplification: 0.5 }, 'write_amplification'],
] as const)('%o is refused for its %s', (more, field) => {
  const flaws = flashFlaws({ ...drive, ...more }, TERABYTE);
  expect(flaws.map((flaw) => flaw.field)).toContain(field);
  for (const { problem, expected } of flaws) expect([problem, expected]).not.toContain('');
});

test('more planes than blocks of capacity are refused', () => {
  expect(fields({}, 1e8)).toEqual(['block_bytes']);
});

test('the channels together, and the link without its headers', () => {
  expect(internalRate(drive)).toBe(11.2e9);
  const link = { lanes: 4, lane_bytes_per_s: 2e9, payload_bytes: 128, header_bytes: 28 };
  expect(linkPayloadRate(link)).toBeCloseTo((8e9 * 128) / 156, 3);
});
