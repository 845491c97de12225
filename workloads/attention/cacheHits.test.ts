import { expect, test } from 'vitest';
import { cacheHits } from './cacheHits.ts';

const MIB = 2 ** 20;

test('a cache answers all touches of what it holds, and none without room', () => {
  expect([cacheHits(1, 1), cacheHits(0, 0), cacheHits(1, 0)]).toEqual([1, 1, 0]);
});

test('the share is the smaller root of h = exp(-(1 - h) W / C), so it falls without a step from 1', () => {
  for (const ratio of [1.0001, 1.01, 1.4, 2, 5, 50]) {
    const hits = cacheHits(ratio, 1);
    expect(hits).toBeLessThan(1);
    expect(hits).toBeCloseTo(Math.exp(-(1 - hits) * ratio), 9);
  }
  expect(cacheHits(1.0001, 1)).toBeGreaterThan(0.999);
  expect(cacheHits(50, 1)).toBeCloseTo(Math.exp(-50), 12);
});

test('random replacement, simulated, finds as many lines again', () => {
  const lines = 400;
  const set = 700;
  const where = new Int32Array(set).fill(-1);
  const held = new Int32Array(lines).fill(-1);
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * lines);
  };
  let hits = 0;
  for (let round = 0; round < 60; round++) {
    for (let line = 0; line < set; line++) {
      if (where[line]! >= 0) {
        if (round >= 20) hits++;
        continue;
      }
      const place = random();
      if (held[place]! >= 0) where[held[place]!] = -1;
      held[place] = line;
      where[line] = place;
    }
  }
  expect(Math.abs(hits / (40 * set) - cacheHits(set, lines))).toBeLessThan(0.01);
});

test("an A100's bandwidth over the size of what is read falls as its curve in gpu-benches does", () => {
  // gpu-benches 1038c5d, gpu-l2-cache/a100_80.txt: kB read in turn, GB/s; 5415 from the cache, 1732 from memory.
  const curve = [
    [25600, 5376.2],
    [28160, 5170.5],
    [30720, 3999.5],
    [33792, 3621.8],
    [36864, 3004.0],
    [40448, 2462.0],
    [44032, 2188.0],
    [48128, 2026.5],
    [52736, 1945.5],
    [57856, 1915.4],
    [69632, 1885.6],
    [83456, 1876.9],
    [120832, 1869.3],
  ] as const;
  for (const [kib, gigabytes] of curve) {
    const missed = 1 - cacheHits(kib * 1024, 23.25 * MIB);
    const rate = 1 / Math.max(1 / 5415, missed / 1732);
    expect(Math.abs(rate / gigabytes - 1)).toBeLessThan(0.1);
  }
});
