import type { ClaimRow, Machine, MemoryLayout, Metrics, StudyResult, Timeline } from '../../../sim/types/index.ts';

/**
 * Small made-up results for the tests of this folder. The numbers mean nothing; they are chosen to exercise the layout.
 * @module
 */

const GB = 1e9;
const GiB = 2 ** 30;

export const METRICS: Metrics = {
  'time.total_s': 629,
  'time.prefill_s': 121,
  'time.decode_s': 508,
  'time.prefill.compute_s': 96.4,
  'time.prefill.weight_read_s': 41.2,
  'time.prefill.kv_write_s': 12.9,
  'time.prefill.activation_write_s': 3.1,
  'time.decode.compute_s': 402,
  'time.decode.weight_read_s': 455,
  'time.decode.kv_write_s': 2.4,
  'time.decode.bookkeeping_s': 61.5,
  'throughput.tokens_per_s': 7.3259,
  'memory.gpu.peak_bytes': 13.9 * GiB,
  'memory.gpu.weight.peak_bytes': 11.2 * GiB,
  'memory.gpu.activation.peak_bytes': 2.1 * GiB,
  'memory.gpu.workspace.peak_bytes': 0.6 * GiB,
  'memory.cpu.peak_bytes': 151 * GiB,
  'memory.cpu.kv.peak_bytes': 101 * GiB,
  'memory.cpu.weight.peak_bytes': 50 * GiB,
  'traffic.pcie.h2d_bytes': 5230 * GB,
  'traffic.pcie.d2h_bytes': 88 * GB,
  'busy.compute.gpu.fraction': 0.21,
  'busy.compute.cpu.fraction': 0.64,
  'busy.link.pcie.fraction': 0.79,
  'busy.memory.cpu.fraction': 0.7,
  'bound.time_s': 301,
  'bound.gap': 2.09,
  'energy.known_j': 81_200,
  'cost.usd': 0.146,
  'sim.events': 190_422,
};

export const CLAIMS: readonly ClaimRow[] = [
  claim('fg-30b-512', 7.32, 7.3259, 'calibrate'),
  claim('fg-30b-1024', 3.5, 3.09, 'validate'),
  claim('fg-30b-256', 13.1, 11.2, 'validate', false),
  {
    ...claim('fg-fits', 0, 0, 'validate'),
    metric: 'memory.gpu.peak_bytes',
    published: 'fits',
    simulated: 'fits',
    error: null,
    tolerance: null,
  },
];

function claim(id: string, published: number, simulated: number, use: ClaimRow['use'], pass = true): ClaimRow {
  return {
    study: 'flexgen/opt-30b-t4',
    case: 'base',
    id,
    metric: 'throughput.tokens_per_s',
    published,
    simulated,
    error: simulated / published - 1,
    tolerance: 0.12,
    use,
    pass,
    skipped: false,
    source: 'made up, Table 2',
  };
}

export function result(changes: Partial<StudyResult> = {}): StudyResult {
  return {
    schema: 'tierflow/run/1',
    study: 'flexgen/opt-30b-t4',
    case: 'base',
    seed: 1,
    resolved: {
      title: 'OPT-30B on one 16 GB card',
      machine: 't4-gcp',
      workload: { kind: 'generate', model: 'opt-30b', prompt: 512, output: 32, batch: 48, batches: 3 },
      policy: {
        placement: { kind: 'percent', weights: [20, 80], kv: [0, 100], attention_on: 'cpu', overlap: true },
        kv: { preset: 'full' },
      },
    },
    metrics: METRICS,
    claims: CLAIMS,
    warnings: ['energy: no source for disk, left out of energy.known_j'],
    provenance: { version: '0.1.0', seed: 1 },
    ...changes,
  };
}

const memory = (
  id: string,
  capacity_bytes: number,
  reserved_bytes: number,
  bytes_per_s: number,
): Machine['memories'][number] => ({
  id,
  capacity_bytes,
  reserved_bytes,
  read_bytes_per_s: bytes_per_s,
  write_bytes_per_s: bytes_per_s,
  read_share_curve: [],
  latency_s: 0,
  granularity_bytes: 1,
});

export const MACHINE: Machine = {
  id: 't4-gcp',
  title: 'T4 with a 208 GB host',
  memories: [memory('gpu', 15 * GiB, 0.4 * GiB, 250 * GB), memory('cpu', 208 * GB, 8 * GB, 80 * GB)],
  links: [
    {
      id: 'pcie',
      from: 'cpu',
      to: 'gpu',
      forward: { name: 'h2d', bytes_per_s: 12.3 * GB, setup_s: 1e-5, transfer_times: [] },
      backward: { name: 'd2h', bytes_per_s: 12.9 * GB, setup_s: 1e-5, transfer_times: [] },
      copy_engines: 2,
    },
  ],
  compute: [
    {
      id: 'gpu',
      memory: 'gpu',
      peak_flop_per_s: { fp16: 65e12, fp32: 8.1e12 },
      efficiency: {},
      memory_efficiency: [[1, 1]],
      launch_s: 5e-6,
      roofline_exponent: 4,
    },
    {
      id: 'cpu',
      memory: 'cpu',
      peak_flop_per_s: { fp32: 1e12 },
      efficiency: {},
      memory_efficiency: [[1, 1]],
      launch_s: 0,
      roofline_exponent: 4,
    },
  ],
  roles: { fast: 'gpu', host: 'cpu' },
};

export const TIMELINE: Timeline = {
  tracks: [
    { id: 0, name: 'gpu', group: 'compute' },
    { id: 1, name: 'h2d', group: 'pcie' },
    { id: 2, name: 'd2h', group: 'pcie' },
  ],
  spans: [
    {
      track: 1,
      name: 'weights 0',
      category: 'weight_read',
      start_ns: 0,
      end_ns: 400_000,
      bytes: 4_800_000,
      caused_by: -1,
    },
    { track: 0, name: 'attention 0', category: 'compute', start_ns: 400_000, end_ns: 900_500, bytes: 0, caused_by: 0 },
    { track: 0, name: 'softmax', category: 'compute', start_ns: 500_000, end_ns: 600_000, bytes: 0, caused_by: -1 },
    {
      track: 1,
      name: 'weights 1',
      category: 'weight_read',
      start_ns: 400_000,
      end_ns: 800_000,
      bytes: 4_800_000,
      caused_by: 0,
    },
    { track: 0, name: 'mlp 0', category: 'compute', start_ns: 900_500, end_ns: 1_500_000, bytes: 0, caused_by: 3 },
    {
      track: 2,
      name: 'kv 0',
      category: 'kv_write',
      start_ns: 900_500,
      end_ns: 1_000_000,
      bytes: 900_000,
      caused_by: 1,
    },
    {
      track: 2,
      name: 'kv 1',
      category: 'kv_write',
      start_ns: 950_000,
      end_ns: 1_100_000,
      bytes: 900_000,
      caused_by: 1,
    },
  ],
  counters: [
    {
      name: 'memory.gpu.weight',
      unit: 'bytes',
      samples: [
        [0, 5 * GiB],
        [400_000, 9 * GiB],
        [900_500, 7 * GiB],
        [1_500_000, 5 * GiB],
      ],
    },
    {
      name: 'memory.gpu.kv',
      unit: 'bytes',
      samples: [
        [0, 0],
        [500_000, 2 * GiB],
        [1_100_000, 4 * GiB],
      ],
    },
    {
      name: 'memory.gpu.activation',
      unit: 'bytes',
      samples: [
        [0, 0],
        [400_000, 1 * GiB],
        [1_500_000, 0],
      ],
    },
    {
      name: 'pcie h2d',
      unit: 'bytes_per_s',
      samples: [
        [0, 12e9],
        [800_000, 0],
      ],
    },
  ],
};

/** Four layers in three blocks, the first two on 3 × 3 patches. */
export const LAYOUT: MemoryLayout = {
  memory: 'sram',
  capacity_bytes: 262_144,
  peak_bytes: 230_000,
  scratch_bytes: 10_000,
  steps: [
    { name: 'stem', block: 'stem', bytes: 90_000, live_bytes: 90_000, repeats: 9 },
    { name: 'b1.dw', block: 'b1', bytes: 140_000, live_bytes: 130_000, repeats: 9 },
    { name: 'b1.project', block: 'b1', bytes: 230_000, live_bytes: 220_000, repeats: 1 },
    { name: 'fc', block: 'fc', bytes: 20_000, live_bytes: 20_000, repeats: 1 },
  ],
  buffers: [
    { name: 'merged', offset_bytes: 0, bytes: 60_000, first: 0, last: 2 },
    { name: 'input', offset_bytes: 60_000, bytes: 30_000, first: 0, last: 0 },
    { name: 'stem', offset_bytes: 90_000, bytes: 50_000, first: 0, last: 1 },
    { name: 'b1.dw', offset_bytes: 140_000, bytes: 80_000, first: 1, last: 2 },
    { name: 'fc', offset_bytes: 0, bytes: 10_000, first: 3, last: 3 },
  ],
  patches: { patches: 3, image: [96, 96], reads: [39, 39], pitch: [32, 32], before: [3, 3] },
};
