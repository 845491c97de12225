import { describe, expect, it } from 'vitest';
import { loadPlacement, type Policy, precisionOf, resolvePreset } from '../../policies/index.ts';
import { kvMaker } from '../../policies/kv/maker.ts';
import { kvShares } from '../../policies/placement/percent/homes.ts';
import { readPreset } from '../../policies/presets/load.ts';
import { simulate } from '../../sim/executor/index.ts';
import { kernelSeconds } from '../../sim/resources/kernelTime.ts';
import type { KvPolicyMaker, Machine, Metrics } from '../../sim/types/index.ts';
import { buildProgram } from '../../workloads/index.ts';
import { readModel } from '../../workloads/models/load.ts';
import { gpu, kernel, machine } from './rig.ts';

/** What FlexGen's runtime does beside moving bytes: how it splits, expands, keeps and starts. */

const PROMPT = 64;
const BATCH = 8;
const LAYERS = 24;
const HIDDEN = 2048;

type Percent = Extract<NonNullable<Policy['placement']>, { kind: 'percent' }>;

async function metrics(
  fields: Partial<Percent>,
  {
    bits = {},
    output = 1,
    on = machine(),
    kv = null,
    more = {},
  }: { bits?: object; output?: number; on?: Machine; kv?: KvPolicyMaker | null; more?: object } = {},
): Promise<Metrics> {
  const policy: Policy = {
    placement: {
      kind: 'percent',
      weights: [100, 0],
      kv: [100, 0],
      activations: [100, 0],
      attention_on: 'gpu',
      overlap: true,
      pin_weights: true,
      page_cache: true,
      copy_workers: 4,
      ...fields,
    },
    precision: {
      weight_bits: 16,
      kv_bits: 16,
      activation_bits: 16,
      group_size: 64,
      group_overhead_bits: 32,
      ...bits,
    },
  };
  const precision = precisionOf(policy);
  const program = buildProgram(
    {
      kind: 'generate',
      model: 'opt-1.3b',
      prompt: PROMPT,
      output,
      batch: BATCH,
      batches: 1,
      tensor_parallel: 1,
      pipeline_parallel: 1,
      attention_kernel: 'eager',
      activation_sparsity: 0,
      measured_as: 'full',
      ...more,
    },
    precision,
    readModel,
    kv,
  );
  const placement = await loadPlacement(policy, { machine: on, program, precision });
  return simulate(on, program, placement).metrics;
}

/** K (or V) of one layer and the whole prompt. */
const ITEM_BYTES = BATCH * PROMPT * HIDDEN * 2;

describe('a split cache', () => {
  it('is split by whole sequences, rounded down, the rest on the last level', () => {
    expect(kvShares({ kv: [40, 60] }, 32)).toEqual({ gpu: 12 / 32, cpu: 20 / 32, disk: 0 });
    expect(kvShares({ kv: [20, 50] }, 7)).toEqual({ gpu: 1 / 7, cpu: 3 / 7, disk: 3 / 7 });
    expect(kvShares({ kv: [100, 0] }, 3)).toEqual({ gpu: 1, cpu: 0, disk: 0 });
  });

  it('comes together in a whole buffer on the GPU, its host part through one of its own', async () => {
    const run = await metrics({ kv: [50, 50] }, { output: 3 });
    // At home half of 66 tokens of every layer; the last step brings 65 stored tokens and a place for the new one
    // together, half of them beside it first; workers still hold four items of the prompt.
    const token_bytes = BATCH * HIDDEN * 2;
    const home = (2 * LAYERS * 66 * token_bytes) / 2;
    const together = 2 * 66 * token_bytes;
    const beside = (66 * token_bytes) / 2;
    expect(run['memory.gpu.kv.peak_bytes']).toBe(home + together + beside + 4 * ITEM_BYTES);
  });
});

describe('copy workers', () => {
  it('keep what they stored last: four items beside the two just computed', async () => {
    const run = await metrics({ kv: [0, 100] });
    expect(run['memory.gpu.kv.peak_bytes']).toBe(6 * ITEM_BYTES);
  });

  it('keep as many items as there are workers', async () => {
    const run = await metrics({ kv: [0, 100], copy_workers: 2 });
    expect(run['memory.gpu.kv.peak_bytes']).toBe(4 * ITEM_BYTES);
  });

  it('keep nothing of a cache that stays on the GPU', async () => {
    const run = await metrics({ kv: [100, 0] });
    const home = LAYERS * 2 * ITEM_BYTES;
    expect(run['memory.gpu.kv.peak_bytes']).toBe(home + 2 * ITEM_BYTES);
  });
});

describe('four bits', () => {
  const rate = 1e9;
  const quick = machine({
    compute: [gpu({ peak_flop_per_s: { fp16: 1e30 }, quantise_elements_per_s: rate, memory_bytes_per_s: 1e30 })],
  });

  it('cost 13 of 16 mean bytes an element where groups run along rows: matrices, once a pass', async () => {
    const run = await metrics({}, { bits: { weight_bits: 4 }, on: quick });
    const matrices = LAYERS * 12 * HIDDEN ** 2 + (2 * 50272 + 2050) * HIDDEN;
    expect(run['time.prefill.compute_s']).toBeCloseTo((matrices / rate) * (13 / 16), 6);
  });

  it('cost 19 of 16 in a cache, whole at every step, and 26.5 of 16 to compress what is new', async () => {
    const run = await metrics({}, { bits: { kv_bits: 4 }, output: 2, on: quick });
    const elements = 2 * LAYERS * BATCH * HIDDEN;
    expect(run['time.prefill.compute_s']).toBeCloseTo(((PROMPT * elements) / rate) * (26.5 / 16), 6);
    const decode = ((PROMPT + 1) * elements * 19 + elements * 26.5) / 16;
    expect(run['time.decode.compute_s']).toBeCloseTo(decode / rate, 6);
  });
});

describe('a run that nothing has warmed up', () => {
  const host = { ...machine().host!, first_run_s: 3 };

  it('takes longer by what the first computation of a process takes', async () => {
    const on = machine({ host });
    const warm = await metrics({ overlap: false }, { on });
    const cold = await metrics({ overlap: false, warm_up: false }, { on });
    expect(cold['time.prefill_s']! - warm['time.prefill_s']!).toBeCloseTo(3, 6);
  });

  it('is refused where the machine does not say how much', async () => {
    await expect(metrics({ overlap: false, warm_up: false })).rejects.toThrow(/first_run_s/);
  });
});

describe('un-fused attention', () => {
  it('reaches its own fraction of the bandwidth where the machine has one', () => {
    const unit = gpu({ memory_efficiency: [[1, 0.8]] });
    const batched = { ...unit, batched_memory_efficiency: [[1, 0.5]] } as const;
    const attention = { ...kernel(0, 1e9), batched: true };
    expect(kernelSeconds(batched, 1e12, attention)).toBeCloseTo(2e-3, 12);
    expect(kernelSeconds(batched, 1e12, kernel(0, 1e9))).toBeCloseTo(1.25e-3, 12);
    expect(kernelSeconds(unit, 1e12, attention)).toBeCloseTo(1.25e-3, 12);
  });
});

describe('a figure from the first tokens', () => {
  it('takes the mean of the steps after the second for the rest', async () => {
    const run = (output: number, more = {}) => metrics({ overlap: false }, { output, more });
    const [two, five, whole] = await Promise.all([run(3), run(6), run(12, { measured_tokens: 6 })]);
    const [settling, measured] = [two['time.decode_s']!, five['time.decode_s']!];
    // To what storing the last token's cache takes, which a shorter run leaves out.
    expect(whole['time.decode_s']).toBeCloseTo(settling + (9 * (measured - settling)) / 3, 4);
    expect(whole['time.prefill_s']).toBe(five['time.prefill_s']);
    expect(whole['time.total_s']).toBeCloseTo(whole['time.prefill_s']! + whole['time.decode_s']!, 8);
    // Contexts grow, so the first steps are shorter than those they stand for.
    expect(whole['time.decode_s']).toBeLessThan((await run(12))['time.decode_s']!);
  });
});

describe('products of several rows', () => {
  it('stream their weights at their own fraction of the bandwidth; one row, and what reads no weights, do not', () => {
    const plain = { ...gpu({ memory_efficiency: [[1, 0.8]] }), peak_flop_per_s: { fp16: 1e18 } } as const;
    const unit = { ...plain, matrix_memory_efficiency: [[1, 0.5]] } as const;
    const product = (rows: number) => ({ ...kernel(rows * 1e9, 0), operand_bytes: 1e9 });
    expect(kernelSeconds(unit, 1e12, product(1))).toBeCloseTo(1.25e-3, 6);
    expect(kernelSeconds(unit, 1e12, product(2))).toBeCloseTo(2e-3, 6);
    expect(kernelSeconds(plain, 1e12, product(2))).toBeCloseTo(1.25e-3, 6);
    expect(kernelSeconds(unit, 1e12, kernel(0, 1e9))).toBeCloseTo(1.25e-3, 6);
  });
});

describe('paged attention', () => {
  it('waits for its own loads where heads share them, and for the memory where they do not', () => {
    const unit = {
      ...gpu({ memory_efficiency: [[1, 1]], roofline_exponent: Number.POSITIVE_INFINITY }),
      head_load_bytes_per_s: 2e12,
    };
    const attention = { ...kernel(0, 1e9), head_loaded_bytes: 4e9 };
    expect(kernelSeconds(unit, 1e12, attention)).toBeCloseTo(2e-3, 12);
    expect(kernelSeconds(unit, 1e12, { ...attention, head_loaded_bytes: 1e9 })).toBeCloseTo(1e-3, 12);
    expect(() => kernelSeconds(gpu({}), 1e12, attention)).toThrow(/head_load_bytes_per_s/);
  });
});

describe('a host that waits after each sub-layer', () => {
  it('adds its own work to that of the device, which it else runs ahead of', async () => {
    const on = { ...machine(), host: { ...machine().host!, step_s: 1e-3 } } as Machine;
    const run = async (waits: 'token' | 'sub_layer'): Promise<Metrics> =>
      metrics({ kv: [100, 0], overlap: false, waits }, { output: 2, on });
    const [ahead, waiting] = [await run('token'), await run('sub_layer')];
    // Embedding, attention and MLP of each layer, head.
    expect(waiting['time.decode.bookkeeping_s']).toBeCloseTo((2 * LAYERS + 2) * 1e-3, 9);
    const both = waiting['time.decode.bookkeeping_s']! + waiting['time.decode.compute_s']!;
    expect(waiting['time.decode_s']).toBeCloseTo(both, 6);
    expect(ahead['time.decode_s']).toBeLessThan(0.9 * both);
    expect(ahead['time.decode.compute_s']).toBeCloseTo(waiting['time.decode.compute_s']!, 9);
  });
});

describe('a cache in unpinned host memory', () => {
  const host = { kv: [0, 100] as [number, number], overlap: false };
  /** The rig whose link copies pageable memory at this rate. */
  const pageable = (rate: number): Machine => {
    const on = machine();
    const link = on.links[0]!;
    const at = (direction: typeof link.forward) => ({ ...direction, pageable_bytes_per_s: rate });
    return { ...on, links: [{ ...link, forward: at(link.forward), backward: at(link.backward) }] } as Machine;
  };

  it('copied directly crosses at the pageable rate, and without a relay of the host', async () => {
    const run = async (on: Machine): Promise<Metrics> => metrics({ ...host, kv_copies: 'direct' }, { output: 2, on });
    // The cache of the prompt and the place of the new token, K and V of every layer.
    const bytes = 2 * LAYERS * BATCH * (PROMPT + 1) * HIDDEN * 2;
    const read = (await run(pageable(1e8)))['time.decode.kv_read_s']!;
    expect(read).toBeGreaterThanOrEqual(bytes / 1e8);
    expect(read).toBeLessThan(1.02 * (bytes / 1e8));
  });

  it('asked for ahead is gathered by all of the host’s threads, and crosses behind the MLP', async () => {
    const ahead = await metrics({ ...host, kv_prefetch: true }, { output: 2 });
    const serial = await metrics(host, { output: 2 });
    expect(ahead['time.decode_s']).toBeLessThan(serial['time.decode_s']!);
    // The first attention of a step has none before it; the others ask for the stored tokens alone, not for a new one's place.
    const item = BATCH * PROMPT * HIDDEN * 2;
    const crossed = 2 * (LAYERS - 1) * item + 2 * (item + BATCH * HIDDEN * 2);
    expect(ahead['traffic.pcie.h2d_bytes']).toBe(crossed);
    expect(serial['traffic.pcie.h2d_bytes']).toBe(2 * LAYERS * (item + BATCH * HIDDEN * 2));
  });

  it('of a policy that evicts is replaced by the host, which takes time', async () => {
    const spec = resolvePreset(readPreset('h2o'), { preset: 'h2o', ratio: 0.2 }, () => undefined, readPreset);
    const writes = async (scatter: number): Promise<number> => {
      const on = pageable(1e10);
      const rig = { ...on, host: { ...on.host!, scatter_elements_per_s: scatter } } as Machine;
      return (await metrics(host, { output: 3, on: rig, kv: kvMaker(spec) }))['time.decode.kv_write_s']!;
    };
    // K and V of one step: the last token is not stored, so nothing makes room for it.
    const rows = 2 * LAYERS * BATCH * HIDDEN;
    expect((await writes(1e6)) - (await writes(2e6))).toBeCloseTo(rows / 1e6 - rows / 2e6, 6);
  });
});
