import { expect, test } from 'vitest';
import { sumMetrics } from './agentMetrics.ts';

test('times, traffic and money add up; peaks do not; shares are weighted by time', () => {
  const first = {
    'time.total_s': 1,
    'traffic.pcie.h2d_bytes': 10,
    'cost.usd': 2,
    'memory.gpu.peak_bytes': 7,
    'busy.compute.gpu.fraction': 1,
  };
  const second = { 'time.total_s': 3, 'cost.usd': 1, 'memory.gpu.peak_bytes': 5, 'busy.compute.gpu.fraction': 0.2 };
  expect(sumMetrics([first, second])).toEqual({
    'time.total_s': 4,
    'traffic.pcie.h2d_bytes': 10,
    'cost.usd': 3,
    'memory.gpu.peak_bytes': 7,
    'busy.compute.gpu.fraction': (1 + 3 * 0.2) / 4,
  });
});

test('energy is whole only where every run knows all of it', () => {
  const parts = [
    { 'time.total_s': 1, 'energy.total_j': 5 },
    { 'time.total_s': 1, 'energy.known_j': 2 },
  ];
  expect(sumMetrics(parts)).toEqual({ 'time.total_s': 2, 'energy.known_j': 7 });
});
