import type { ChartInput, OpPoint } from '../../../reports/chart.ts';
import type { FigureSpec } from '../../../reports/figure.ts';
import { CLAIMS, LAYOUT, MACHINE, METRICS, result, TIMELINE } from './fixtures.ts';

const GiB = 2 ** 30;

const rename = { 'fg-30b-512': 'OPT-30B, 512', 'fg-30b-1024': 'OPT-30B, 1024', 'fg-30b-256': 'OPT-30B, 256' };

const base: ChartInput = { result: result(), machine: MACHINE, timeline: TIMELINE };

/** Results of two made-up systems whose claims lie about the diagonal. */
const spread: readonly ChartInput[] = (['flexgen/a', 'zero-inference/b', 'h2o/c'] as const).map((study, s) => ({
  result: result({
    study,
    claims: [0.6, 1.4, 3.1, 7.5, 18, 41].map((published, i) => ({
      ...CLAIMS[0]!,
      study,
      id: `c${i}`,
      published: published * (1 + s * 0.4),
      simulated: published * (1 + s * 0.4) * (1 + 0.3 * Math.sin(i * 2 + s)),
      error: 0.3 * Math.sin(i * 2 + s),
      use: i % 3 === 0 ? 'calibrate' : 'validate',
    })),
  }),
}));

const ablation: readonly ChartInput[] = (
  [
    ['base', {}],
    ['no-overlap', { 'time.total_s': 1120 }],
    ['gpu-attention', { 'time.total_s': 840, 'time.decode.kv_read_s': 390, 'time.decode.activation_read_s': 12 }],
  ] as const
).map(([id, changes]) => ({ result: result({ case: id, metrics: { ...METRICS, ...changes } }), machine: MACHINE }));

const grid: readonly ChartInput[] = [4, 8, 16, 32, 64].flatMap((batch) =>
  ['full', 'h2o', 'int4'].map((preset, p) => ({
    result: result({
      case: `${preset}-${batch}`,
      resolved: { workload: { batch }, policy: { kv: { preset } } },
      metrics: {
        'throughput.tokens_per_s': (batch * (10 + 4 * p)) / (1 + batch / (20 + 15 * p)),
        'memory.gpu.peak_bytes': (4 + batch * (0.16 - 0.04 * p)) * GiB,
      },
      claims: preset === 'full' && batch > 8 ? [{ ...CLAIMS[0]!, published: (batch * 10) / (1.08 + batch / 19) }] : [],
    }),
  })),
);

/** One model trained in three ways. */
const methods: readonly ChartInput[] = (
  [
    ['base', [2, 6, 4, 3.4]],
    ['full', [2, 6, 4, 0.6]],
    ['lora', [2, 0.1, 0.1, 2.8]],
  ] as const
).map(([id, [weight, optimizer, gradient, activation]]) => ({
  result: result({
    case: id,
    metrics: {
      'memory.gpu.weight.peak_bytes': weight * GiB,
      'memory.gpu.optimizer.peak_bytes': optimizer * GiB,
      'memory.gpu.gradient.peak_bytes': gradient * GiB,
      'memory.gpu.activation.peak_bytes': activation * GiB,
    },
  }),
  machine: MACHINE,
}));

const ops: readonly OpPoint[] = [
  { name: 'mlp', phase: 'prefill', flops: 4e13, bytes: 6e10, seconds: 1.1 },
  { name: 'attention', phase: 'prefill', flops: 2e12, bytes: 5e10, seconds: 0.3 },
  { name: 'mlp', phase: 'decode', flops: 4e11, bytes: 2.1e10, seconds: 0.09 },
  { name: 'attention', phase: 'decode', flops: 2e10, bytes: 2e10, seconds: 0.11 },
];

/** Budgets of 16 layers under three rules. */
const budgets: readonly ChartInput[] = (
  [
    ['uniform', () => 1024],
    ['pyramid', (layer: number) => 1946 - 123 * layer],
    ['a third in full', (layer: number) => (layer > 5 && layer < 11 ? 8192 : 516)],
  ] as const
).map(([id, tokens]) => ({
  result: result({ case: id }),
  kv_layers: Array.from({ length: 16 }, (_, layer) => tokens(layer)),
}));

/** Programs in two memories, by the best search. */
const mapped: readonly ChartInput[] = (
  [
    ['transformer', 1.42, 1.01],
    ['strassen', 1.66, 1.4],
    ['random', 1.74, 0.98],
  ] as const
).map(([id, slow, greedy]) => ({
  result: result({ case: id, metrics: { 'mapping.over_slow': slow, 'mapping.over_greedy': greedy } }),
}));

/** A heap that grows to its fullest and keeps what it has reserved. */
const allocated: ChartInput = {
  ...base,
  timeline: {
    ...TIMELINE,
    allocator: {
      memory: 'gpu',
      samples: Array.from({ length: 40 }, (_, event) => {
        const held = 4 + 0.3 * Math.min(event, 30) - 0.5 * Math.max(event - 30, 0) + (event % 3) * 0.4;
        return [held * GiB, (5 + 0.3 * Math.min(event, 30)) * GiB] as const;
      }),
    },
  },
};

/** The figures whose SVG is kept and compared. */
export const SPECS: readonly { readonly spec: FigureSpec; readonly inputs: readonly ChartInput[] }[] = [
  { spec: { kind: 'bars', rename }, inputs: [base] },
  { spec: { kind: 'bars', name: 'bars-relative', relative: true, rename, theme: 'acm' }, inputs: [base] },
  { spec: { kind: 'parity' }, inputs: spread },
  { spec: { kind: 'layer-budgets' }, inputs: budgets },
  {
    spec: { kind: 'speedup', metrics: ['mapping.over_slow', 'mapping.over_greedy'], names: { random: 'random graph' } },
    inputs: mapped,
  },
  { spec: { kind: 'crossover', x: 'workload.batch', series: 'policy.kv.preset', log_x: true }, inputs: grid },
  { spec: { kind: 'footprint', rename: { base: 'Adam', full: 'recomputed', lora: 'LoRA' } }, inputs: methods },
  { spec: { kind: 'traffic' }, inputs: ablation },
  { spec: { kind: 'traffic', name: 'traffic-share', share: true, theme: 'acm' }, inputs: ablation },
  {
    spec: { kind: 'breakdown', rename: { base: 'full', 'no-overlap': 'no overlap', 'gpu-attention': 'GPU attention' } },
    inputs: ablation,
  },
  {
    spec: { kind: 'breakdown', name: 'breakdown-phases', phase: 'each', share: true, theme: 'ieee-wide' },
    inputs: [base],
  },
  { spec: { kind: 'occupancy' }, inputs: [base] },
  { spec: { kind: 'memory-profile' }, inputs: [{ ...base, layout: LAYOUT }] },
  {
    spec: {
      kind: 'grouped-bars',
      metric: 'throughput.tokens_per_s',
      group: 'workload.batch',
      series: 'policy.kv.preset',
      rename: { full: 'full KV', h2o: 'H2O', int4: 'int4 KV' },
    },
    inputs: grid,
  },
  { spec: { kind: 'arena' }, inputs: [{ ...base, layout: LAYOUT }] },
  { spec: { kind: 'arena-load' }, inputs: [{ ...base, layout: LAYOUT }] },
  { spec: { kind: 'fragmentation' }, inputs: [allocated] },
  { spec: { kind: 'fragmentation', name: 'fragmentation-share', share: true, theme: 'acm' }, inputs: [allocated] },
  { spec: { kind: 'patches' }, inputs: [{ ...base, layout: LAYOUT }] },
  {
    spec: { kind: 'roofline' },
    inputs: [{ ...base, ops, result: result({ metrics: { ...METRICS, 'compute.flops': 4.1e15 } }) }],
  },
  {
    spec: {
      kind: 'sweep',
      x: 'workload.batch',
      series: 'policy.kv.preset',
      rename: { full: 'full KV', h2o: 'H2O', int4: 'int4 KV' },
    },
    inputs: grid,
  },
  {
    spec: {
      kind: 'sweep',
      name: 'sweep-names',
      x: 'case',
      theme: 'acm',
      rename: { base: 'searched policy', 'no-overlap': 'without overlap', 'gpu-attention': 'attention on the GPU' },
    },
    inputs: ablation,
  },
  { spec: { kind: 'pareto', series: 'policy.kv.preset', label: 'workload.batch' }, inputs: grid },
  { spec: { kind: 'timeline' }, inputs: [base] },
  {
    spec: { kind: 'timeline', name: 'timeline-web', theme: 'web', title: 'One layer', from_s: 0.0003, to_s: 0.0012 },
    inputs: [base],
  },
];
