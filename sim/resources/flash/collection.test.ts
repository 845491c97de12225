import { expect, test } from 'vitest';
import { closedLoop, type IoLoad } from './closedLoop.ts';
import type { FlashDevice } from './device.ts';

const PAGE = 4096;
const PAGES = 32;

/** Two planes of 128 blocks of 32 pages; what is written may be 0.7 of it. */
const drive = (collection: Partial<NonNullable<FlashDevice['collection']>> = {}): FlashDevice => ({
  channels: 2,
  chips_per_channel: 1,
  dies_per_chip: 1,
  planes_per_die: 1,
  page_bytes: PAGE,
  block_bytes: PAGE * PAGES,
  sector_bytes: 512,
  read_s: 25e-6,
  program_s: 100e-6,
  erase_s: 1e-3,
  channel_bytes_per_s: 1e9,
  command_s: 290e-9,
  bus: 'data-first',
  command_unit: 'chip',
  holds_page: true,
  multi_plane_programs: true,
  allocation: 'static',
  collection: { start_blocks: 4, stop_blocks: 2, victim: 'greedy', begins: 'full', ...collection },
});
const BLOCKS = 128;
const CAPACITY = 2 * BLOCKS * PAGES * PAGE;
const writes: IoLoad = {
  request_bytes: PAGE,
  queue_depth: 8,
  read_share: 0,
  pattern: 'random',
  align_bytes: PAGE,
  span_bytes: 0.7 * CAPACITY,
  capacity_bytes: CAPACITY,
  duration_s: 2,
  consumer: 'host',
};
const amplification = (device: FlashDevice, load: Partial<IoLoad> = {}): number => {
  const measured = closedLoop(device, { ...writes, ...load }, 1);
  return measured.programmed_bytes / measured.written_bytes;
};

/** Share of a block still wanted when it is the oldest, under uniform random writes: x = e^(−(1 − x) ÷ u), u: share of the blocks in use that is addressed. */
function wantedOfOldest(addressed: number): number {
  let wanted = 0.5;
  for (let i = 0; i < 1000; i++) wanted = Math.exp(-(1 - wanted) / addressed);
  return wanted;
}

test('the oldest block is wanted to the share that the closed form gives', () => {
  // Desnoyers, Analytic modeling of SSD write performance (SYSTOR 2012): amplification 1 ÷ (1 − x) for the oldest first.
  // The blocks that hold what was written are all but those kept free and the table's.
  const addressed = (0.7 * BLOCKS) / (BLOCKS - 4 - 1);
  expect(amplification(drive({ victim: 'fifo' })) * (1 - wantedOfOldest(addressed))).toBeCloseTo(1, 1);
});

test('the emptiest block first copies less than the oldest first, and that less than any', () => {
  const [greedy, fifo, random] = (['greedy', 'fifo', 'random'] as const).map((victim) =>
    amplification(drive({ victim })),
  );
  expect(greedy!).toBeLessThan(fifo!);
  expect(fifo!).toBeLessThan(random!);
  expect(greedy!).toBeGreaterThan(1.2);
});

test('more room means fewer copies, and writes in order none', () => {
  expect(amplification(drive(), { span_bytes: 0.5 * CAPACITY })).toBeLessThan(amplification(drive()));
  const sequential = { pattern: 'sequential', span_bytes: 0.5 * CAPACITY } as const;
  expect(amplification(drive({ begins: 'empty' }), sequential)).toBeCloseTo(1, 2);
});

test('blocks are erased at the rate at which they are programmed, and collection costs throughput', () => {
  const full = closedLoop(drive(), writes, 1);
  expect(full.erased_blocks / (full.programmed_bytes / (PAGE * PAGES))).toBeCloseTo(1, 1);
  const { collection: _, ...endless } = drive();
  const empty = closedLoop(endless, writes, 1);
  expect(empty.written_bytes).toBeGreaterThan(1.3 * full.written_bytes);
});

test('a drive that begins empty collects nothing until it is nearly full', () => {
  const early = closedLoop(drive({ begins: 'empty' }), { ...writes, duration_s: 0.1 }, 1);
  expect([early.erased_blocks, early.programmed_bytes >= early.written_bytes]).toEqual([0, true]);
  expect(closedLoop(drive({ begins: 'empty' }), { ...writes, duration_s: 2 }, 1).erased_blocks).toBeGreaterThan(0);
});

test('writes wait where a plane is short of blocks, and none is lost', () => {
  const tight = drive({ start_blocks: 3, stop_blocks: 3, begins: 'empty' });
  const measured = closedLoop(tight, { ...writes, queue_depth: 32, span_bytes: 0.9 * CAPACITY }, 1);
  // A closed loop that lost requests would wait for them: what is under way is the rate times the latency (Little).
  const mean_s = measured.latencies_ns.reduce((sum, ns) => sum + ns, 0) / measured.requests / 1e9;
  expect((measured.requests / 2) * mean_s).toBeGreaterThan(31);
  expect(Math.max(...measured.latencies_ns)).toBeGreaterThan(3e6);
});

test('reads of a page that is being copied find it', () => {
  const mixed = closedLoop(drive(), { ...writes, read_share: 0.5 }, 1);
  expect(mixed.read_bytes).toBeGreaterThan(0);
  expect(mixed.read_bytes / (mixed.read_bytes + mixed.written_bytes)).toBeCloseTo(0.5, 1);
});
