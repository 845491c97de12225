import { expect, test } from 'vitest';
import { resourceSections } from './resources.ts';

test('a run has a section for each kind of resource that was measured', () => {
  const metrics = {
    'compute.flops': 2e12,
    'memory.gpu.peak_bytes': 5 * 2 ** 30,
    'memory.gpu.kv.peak_bytes': 5,
    'energy.known_j': 3,
    'cost.usd': 0.5,
    'traffic.pcie.h2d_bytes': 1e9,
  };
  expect(resourceSections(metrics)).toEqual([
    { kind: 'compute', parts: ['2 TFLOP'] },
    { kind: 'memory', parts: ['gpu 5 GiB'] },
    { kind: 'energy', parts: ['3 J known'] },
    { kind: 'money', parts: ['0.5 USD'] },
    { kind: 'network', parts: ['pcie h2d 1 GB'] },
  ]);
});
