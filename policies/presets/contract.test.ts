import { describe, expect, it } from 'vitest';
import { parseMachine } from '../../hardware/machine.ts';
import { dataSource, getPath, isMap, parsePath } from '../../input/index.ts';
import { simulate } from '../../sim/executor/index.ts';
import type { KvShape } from '../../sim/types/index.ts';
import { generateFields } from '../../workloads/generate/schema.ts';
import { buildProgram, parseModel } from '../../workloads/index.ts';
import { loadPlacement, precisionOf } from '../index.ts';
import { KvEngine } from '../kv/engine.ts';
import { checkKv, resolvePreset } from '../kv/index.ts';
import { kvMaker } from '../kv/maker.ts';
import { listPresets, readPreset } from './load.ts';

/** Every preset file, found by itself: what holds for all of them. */

const shape: KvShape = {
  layers: 8,
  heads: 4,
  kv_heads: 2,
  head_dim: 16,
  hidden: 64,
  batch: 2,
  prompt_tokens: 9000,
  output_tokens: 40,
  dtype: 'fp16',
  token_bytes: 2 * 2 * 16 * 2,
  fused: true,
  score_bytes: 2,
};

const model = parseModel(
  dataSource(
    {
      id: 'tiny',
      title: 'Tiny',
      source: 'a test',
      layers: 8,
      hidden: 64,
      heads: 4,
      kv_heads: 2,
      ffn: 128,
      vocab: 50,
      position: 'rotary',
      norm: 'rms',
      activation: 'silu',
      gated: true,
      dtype: 'fp16',
    },
    'tiny.yaml',
  ),
);

const memory = { capacity_bytes: 1e12, read_bytes_per_s: 1e12, write_bytes_per_s: 1e12, source: 'a test' };
const machine = parseMachine(
  dataSource(
    {
      id: 'rig',
      title: 'Rig',
      roles: { fast: 'gpu', host: 'cpu', near: 'csd_flash', storage: 'csd_flash' },
      memories: { gpu: memory, cpu: memory, csd_flash: memory },
      links: {
        pcie: { from: 'cpu', to: 'gpu', h2d_bytes_per_s: 1e10, d2h_bytes_per_s: 1e10, setup_s: 1e-5, source: 'a test' },
        csd_p2p: {
          from: 'csd_flash',
          to: 'gpu',
          rx_bytes_per_s: 1e9,
          tx_bytes_per_s: 1e9,
          setup_s: 1e-5,
          source: 'a test',
        },
      },
      compute: {
        gpu: {
          memory: 'gpu',
          peak_flop_per_s: { fp16: 1e14, source: 'a test' },
          efficiency: { fp16: 1, source: 'a test' },
          memory_efficiency: 1,
          launch_s: 0,
          roofline_exponent: 1,
          source: 'a test',
        },
      },
    },
    'rig.yaml',
  ),
);

const specOf = (id: string) => resolvePreset(readPreset(id), { preset: id }, () => undefined, readPreset);

const workload = generateFields({
  model: 'tiny',
  prompt: shape.prompt_tokens,
  output: 8,
  batch: 2,
  attention_kernel: 'flash',
});

async function run(id: string | null) {
  const precision = precisionOf(undefined);
  const program = buildProgram(workload, precision, () => model, id === null ? null : kvMaker(specOf(id)));
  const placement = await loadPlacement(undefined, { machine, program, precision });
  return simulate(machine, program, placement);
}

describe.each(listPresets())('%s', (id) => {
  const preset = readPreset(id);
  const spec = specOf(id);

  it('is named as its file and says where every default comes from', () => {
    expect(preset.id).toBe(id);
    for (const [name, param] of Object.entries(preset.params)) {
      expect(param.illustrative || param.source !== undefined || param.default === undefined, name).toBe(true);
    }
  });

  it('marks only values that are there as illustrative', () => {
    const listed = isMap(preset.source.value) ? (preset.source.value['illustrative'] ?? []) : [];
    for (const path of listed as string[]) {
      expect(getPath(preset.source.value, parsePath(path, 'illustrative').path), path).toBeDefined();
    }
  });

  const acts = spec.fields.of === 'kv' && spec.fields.stages.every(({ rest }) => rest.action !== 'verify');

  it.runIf(acts)('never holds less than nothing, nor more tokens than there are', () => {
    const engine = new KvEngine(spec.fields, shape);
    for (let layer = 0; layer < shape.layers; layer++) {
      expect(engine.peakTokens(layer)).toBeLessThanOrEqual(shape.prompt_tokens + shape.output_tokens);
      const passes = engine.prefill_tokens.length + shape.output_tokens - 1;
      for (let index = 0; index < passes; index++) {
        const use = engine.use(layer, { index, phase: 'decode', step: 1, tokens: 1, seen: 0 });
        expect(use.read_tokens).toBeGreaterThanOrEqual(0);
        expect(use.read_tokens).toBeLessThanOrEqual(shape.prompt_tokens + index);
        for (const { bytes } of [...use.added, ...use.freed, ...use.freed_before, ...use.fetches, ...use.stores]) {
          expect(bytes).toBeGreaterThan(0);
        }
        for (const kernel of use.kernels) {
          expect(Number.isFinite(kernel.flops) && kernel.flops >= 0).toBe(true);
          expect(Number.isFinite(kernel.activation_bytes) && kernel.activation_bytes >= 0).toBe(true);
        }
      }
    }
  });

  it.runIf(acts)('runs, in no less time and memory than the bound, and the same twice', async () => {
    const first = await run(id);
    const second = await run(id);
    expect(first).toEqual(second);
    expect(first.metrics['time.total_s']!).toBeGreaterThanOrEqual(first.metrics['bound.time_s']!);
    if (spec.illustrative.length > 0) expect(first.warnings.join()).toContain('illustrative');
  });

  it.runIf(!acts)('is refused by a generation, which it is not for', () => {
    const place = (key: string) => ({ file: 'study.yaml', line: key === 'preset' ? 7 : 8, column: 1 });
    expect(() => checkKv(spec, workload, machine, place)).toThrow(`"${id}"`);
  });
});
