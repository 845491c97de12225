import { expect, test } from 'vitest';
import { closedLoop, type IoLoad } from './closedLoop.ts';
import type { FlashDevice } from './device.ts';

/** One chip behind one channel and no link: everything can be counted by hand. */
const one: FlashDevice = {
  channels: 1,
  chips_per_channel: 1,
  dies_per_chip: 1,
  planes_per_die: 1,
  page_bytes: 16_384,
  block_bytes: 16_384 * 256,
  sector_bytes: 512,
  read_s: 40e-6,
  program_s: 700e-6,
  erase_s: 4e-3,
  channel_bytes_per_s: 1e9,
  command_s: 290e-9,
  bus: 'data-first',
  command_unit: 'chip',
  holds_page: true,
  multi_plane_programs: false,
};
const reads: IoLoad = {
  request_bytes: 16_384,
  queue_depth: 1,
  read_share: 1,
  pattern: 'random',
  align_bytes: 16_384,
  span_bytes: 2 ** 38,
  duration_s: 0.1,
  consumer: 'host',
};
const mean = (device: FlashDevice, load: Partial<IoLoad> = {}): number => {
  const { latencies_ns } = closedLoop(device, { ...reads, ...load }, 1);
  return latencies_ns.reduce((sum, ns) => sum + ns, 0) / latencies_ns.length;
};
const rate = (device: FlashDevice, load: Partial<IoLoad> = {}): number => {
  const measured = closedLoop(device, { ...reads, ...load }, 1);
  return (measured.read_bytes + measured.written_bytes) / (load.duration_s ?? reads.duration_s);
};

test('one page takes command, tR and its way out', () => {
  expect(mean(one)).toBe(290 + 40_000 + 16_384);
});

test('only the sectors asked for move', () => {
  expect(mean(one, { request_bytes: 4096, align_bytes: 4096 })).toBe(290 + 40_000 + 4096);
  expect(mean(one, { request_bytes: 100, align_bytes: 512 })).toBe(290 + 40_000 + 512);
});

const link = { lanes: 4, lane_bytes_per_s: 2e9, payload_bytes: 128, header_bytes: 28 };
/** Doorbell, read request, submission entry and completion entry at 8 bytes per ns, each rounded up. */
const NVME_NS = { doorbell: 4, ask: 4, submission: 12, completion: 6 };
const OVERHEAD_NS = NVME_NS.doorbell + NVME_NS.ask + NVME_NS.submission + NVME_NS.completion;

test('a request crosses the link whole, in packets with headers, after its command and before its completion', () => {
  const dataNs = (16_384 * (156 / 128)) / 8;
  expect(mean({ ...one, link })).toBe(290 + 40_000 + 16_384 + dataNs + OVERHEAD_NS);
  expect(mean({ ...one, link }, { consumer: 'drive' })).toBe(290 + 40_000 + 16_384);
});

test('a command waits behind the data of another read on a slow link', () => {
  const slow = { ...one, channels: 2, link: { ...link, lane_bytes_per_s: 0.1e9 } };
  const dataNs = (16_384 * (156 / 128)) / 0.4;
  const readNs = 290 + 40_000 + 16_384;
  // Whoever ends first asks for its next command behind the other's data, and the link rests while both pages are read.
  const cycleNs = 2 * dataNs + readNs;
  expect(mean(slow, { pattern: 'sequential', queue_depth: 2 }) / cycleNs).toBeCloseTo(1, 2);
});

test('four chips that hold their pages fall into step: tR + 4 (command + transfer) for four pages', () => {
  const four = { ...one, chips_per_channel: 4 };
  const cycleNs = 40_000 + 4 * (290 + 16_384);
  expect(rate(four, { queue_depth: 64 }) / ((4 * 16_384) / (cycleNs / 1e9))).toBeCloseTo(1, 2);
});

test('with commands first the channel is never idle while a page waits to be read', () => {
  const four = { ...one, chips_per_channel: 4, bus: 'command-first' as const };
  expect(rate(four, { queue_depth: 64 }) / (16_384 / (16_674 / 1e9))).toBeGreaterThan(0.95);
});

test('a cache register reads the next page while the last one leaves', () => {
  // With data first the next command waits behind the page, and the register is of no use to a lone chip.
  const cached = { ...one, holds_page: false, bus: 'command-first' as const };
  expect(rate(cached, { queue_depth: 8 }) / (16_384 / (40_290 / 1e9))).toBeCloseTo(1, 2);
  expect(rate(one, { queue_depth: 8 }) / (16_384 / (56_674 / 1e9))).toBeCloseTo(1, 2);
});

test('dies with commands of their own work side by side', () => {
  const dies = { ...one, dies_per_chip: 2 };
  const gain = rate({ ...dies, command_unit: 'die' }, { queue_depth: 8 }) / rate(dies, { queue_depth: 8 });
  expect(gain).toBeGreaterThan(1.4);
});

test('planes join where die and page index agree', () => {
  const planes = { ...one, planes_per_die: 2 };
  const span = { pattern: 'sequential', request_bytes: 32_768, align_bytes: 32_768 } as const;
  const cycleNs = 290 + 40_000 + 2 * 16_384;
  expect(mean(planes, { ...span, queue_depth: 2 })).toBeLessThan(2.2 * cycleNs);
});

test('a channel above one byte per nanosecond still takes time', () => {
  expect(mean({ ...one, channel_bytes_per_s: 1.2e9 })).toBe(290 + 40_000 + Math.ceil(16_384 / 1.2));
  expect(mean({ ...one, channel_bytes_per_s: 4e9 })).toBe(290 + 40_000 + 4096);
});

test('a run under a second has a finite rate, and a run without writes wrote nothing', () => {
  const measured = closedLoop(one, { ...reads, duration_s: 0.001 }, 1);
  expect(measured.requests).toBe(17);
  expect([measured.written_bytes, measured.programmed_bytes]).toEqual([0, 0]);
  expect(closedLoop(one, { ...reads, duration_s: 1e-6 }, 1).requests).toBe(0);
});

test('a write ends when it is programmed, or when the buffer has it', () => {
  expect(mean(one, { read_share: 0 })).toBe(290 + 16_384 + 700_000);
  const buffered = { ...one, write_buffer_bytes: 16_384 * 4 };
  expect(mean(buffered, { read_share: 0, duration_s: 1e-6 })).toBe(0);
  expect(rate(buffered, { read_share: 0, queue_depth: 4 }) / rate(one, { read_share: 0 })).toBeCloseTo(1, 1);
});

test('a page written in part is read and merged', () => {
  const part = { read_share: 0, request_bytes: 4096, align_bytes: 4096 };
  expect(mean(one, part)).toBe(290 + 40_000 + 12_288 + 290 + 16_384 + 700_000);
});

test('in the steady state more is programmed than written, and blocks are erased', () => {
  const worn = { ...one, write_amplification: 3 };
  const measured = closedLoop(worn, { ...reads, read_share: 0, duration_s: 2 }, 1);
  expect(measured.programmed_bytes / measured.written_bytes).toBeCloseTo(3, 1);
  expect(rate(worn, { read_share: 0, duration_s: 2 })).toBeLessThan(rate(one, { read_share: 0, duration_s: 2 }) / 2.5);
});

test('a mapping miss reads a page of the table first', () => {
  const mapped = { ...one, mapping: { cache_bytes: 8, entry_bytes: 8, read_bytes: 512 } };
  expect(mean(mapped)).toBe(2 * (290 + 40_000) + 512 + 16_384);
  const whole = { ...one, mapping: { cache_bytes: 2 ** 38, entry_bytes: 8, read_bytes: 512 } };
  expect(mean(whole)).toBe(290 + 40_000 + 16_384);
});

test('entries read along with the one asked for save the next misses, where the controller keeps them', () => {
  const mapping = { cache_bytes: 8 * 1024, entry_bytes: 8, read_bytes: 512 };
  const sequential = { pattern: 'sequential', duration_s: 0.01 } as const;
  const misses = (keeps: 'all' | 'asked') => {
    const measured = closedLoop({ ...one, mapping: { ...mapping, keeps } }, { ...reads, ...sequential }, 1);
    return [measured.mapping_misses, measured.requests];
  };
  const [all, ended] = misses('all');
  expect(all).toBe(Math.ceil((ended! + 1) / 64));
  const [asked, slower] = misses('asked');
  expect(asked).toBe(slower! + 1);
});

test('two pages whose entries lie on one page of the table wait for one read of it', () => {
  const mapped = {
    ...one,
    channels: 2,
    mapping: { cache_bytes: 8, entry_bytes: 8, read_bytes: 512, keeps: 'asked' },
  } as const;
  const both = { request_bytes: 32_768, align_bytes: 32_768 };
  expect(mean(mapped, both)).toBe(2 * (290 + 40_000) + 512 + 16_384);
});

test('an empty drive that keeps pages to their planes joins what is written in order', () => {
  const planes = { ...one, planes_per_die: 2, multi_plane_programs: true, allocation: 'static' } as const;
  const write = { read_share: 0, pattern: 'sequential', request_bytes: 32_768, align_bytes: 32_768 } as const;
  expect(mean(planes, write)).toBe(290 + 2 * 16_384 + 700_000);
  expect(mean({ ...planes, multi_plane_programs: false }, write)).toBe(2 * (290 + 16_384 + 700_000));
});

test('an empty drive has nothing to merge with a page written in part', () => {
  const empty = { ...one, allocation: 'static' } as const;
  const part = { read_share: 0, request_bytes: 4096, align_bytes: 4096 };
  expect(mean(empty, part)).toBe(290 + 4096 + 700_000);
  const again = closedLoop(empty, { ...reads, ...part, span_bytes: 4096, duration_s: 0.002 }, 1);
  expect(again.latencies_ns[1]).toBe(290 + 40_000 + 12_288 + 290 + 16_384 + 700_000);
});

test('the same seed gives the same run', () => {
  const [a, b] = [1, 2].map(() => closedLoop({ ...one, channels: 4 }, { ...reads, queue_depth: 16 }, 7));
  expect(a).toEqual(b);
});

test('more requests at a time are never slower, and none of the drive is busy more than all the time', () => {
  const device = { ...one, channels: 4, chips_per_channel: 2 };
  let last = 0;
  for (const queue_depth of [1, 2, 4, 8, 16, 64]) {
    const measured = closedLoop(device, { ...reads, queue_depth }, 3);
    expect(measured.requests).toBeGreaterThanOrEqual(last * 0.98);
    last = measured.requests;
    for (const share of [measured.channel_busy, measured.unit_busy, measured.link_busy]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
  }
});
