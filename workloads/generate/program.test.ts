import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { dataSource } from '../../input/index.ts';
import type { Op, Precision, Program } from '../../sim/types/index.ts';
import { readModel } from '../models/load.ts';
import { type Model, parseModel } from '../models/model.ts';
import { type GenerateFields, generateProgram, generateSchema } from './index.ts';

const plain: Precision = {
  weight_bits: 16,
  kv_bits: 16,
  activation_bits: 16,
  group_size: 64,
  group_overhead_bits: 32,
};
const four_bit = { ...plain, weight_bits: 4, kv_bits: 4 };

type Asked = Pick<GenerateFields, 'prompt' | 'output' | 'batch'> & Partial<GenerateFields>;
const fieldsOf = (asked: Asked): GenerateFields =>
  v.parse(generateSchema, { kind: 'generate', model: 'any', ...asked });

const tiny = (over: Record<string, unknown> = {}): Model =>
  parseModel(
    dataSource(
      {
        id: 'tiny',
        title: 'Tiny',
        source: 'a test',
        layers: 2,
        hidden: 8,
        heads: 2,
        ffn: 32,
        vocab: 10,
        position: 'rotary',
        norm: 'layer',
        activation: 'relu',
        dtype: 'fp16',
        ...over,
      },
      'tiny.yaml',
    ),
  );

/** Every op, with the layer its repetition puts it on. */
function* opsOf(program: Program): Generator<Op> {
  for (const { repeat, layer_stride, ops } of program.segments()) {
    for (let r = 0; r < repeat; r++) for (const op of ops) yield { ...op, layer: op.layer + r * layer_stride };
  }
}

const flopsOf = (op: Op): number => op.kernels.reduce((sum, { flops }) => sum + flops, 0);
const kernelsOf = (program: Program, phase: string, name: string) =>
  [...program.segments()].flatMap(({ ops }) => ops).find((op) => op.phase === phase && op.name === name)!;

describe('OPT-30B, 512 + 32 tokens, three batches of 48', () => {
  const model = readModel('opt-30b');
  const program = generateProgram(fieldsOf({ prompt: 512, output: 32, batch: 48, batches: 3 }), model, plain);
  const { hidden: h, layers: L, vocab } = model;
  const sequences = 144;
  const s = 512;

  it('prefill: 24 h^2 L a token, 4 s h L a token for the full square, and logits of every position', () => {
    const tokens = sequences * s;
    const closed = 24 * h * h * L * tokens + 4 * s * h * L * tokens + 2 * h * vocab * tokens;
    expect(program.summary.flops.prefill?.fp16).toBeCloseTo(closed, -3);
  });

  it('decode: the same a token, over its own context', () => {
    let pairs = 0;
    for (let i = 1; i < 32; i++) pairs += s + i;
    const closed = sequences * (31 * (24 * h * h * L + 2 * h * vocab) + 4 * h * L * pairs);
    expect(program.summary.flops.decode?.fp16).toBeCloseTo(closed, -3);
  });

  it('KV: two tensors of h values a layer and token, read whole by every step', () => {
    const per_token = 2 * L * h * 2 * sequences;
    expect(program.summary.kv_bytes).toBe(per_token * (s + 31));
    expect(program.summary.kv_read_bytes).toBe(per_token * (31 * s + (30 * 31) / 2));
    expect(program.summary.kv_write_bytes).toBe(per_token * (s + 30));
  });

  it('prefill attention holds two score matrices, hidden, q, k, v and the mask, before it has its output', () => {
    const hidden = 48 * s * h * 2;
    const scores = 48 * 56 * s * s * 2;
    const mask = 48 * s * s;
    expect(kernelsOf(program, 'prefill', 'attention').scratch_bytes).toBe(4 * hidden + 2 * scores + mask - hidden);
  });

  it('the score matrix passes through memory six times', () => {
    const hidden = 48 * s * h * 2;
    const kernels = kernelsOf(program, 'prefill', 'attention').kernels.filter(({ part }) => part === 'attention');
    const moved = kernels.reduce((sum, { activation_bytes }) => sum + activation_bytes, 0);
    const copies = 8; // q, k, v and the value, each read and written
    const products = 4; // q, k and v read, the value written
    expect(moved).toBe(6 * 48 * 56 * s * s * 2 + 2 * 48 * s * s + (copies + products) * hidden);
  });

  it('decode attention streams K and V of the context and the new token', () => {
    const part = kernelsOf(program, 'decode', 'attention').kernels.filter((kernel) => kernel.part === 'attention');
    expect(part.reduce((sum, { operand_bytes }) => sum + operand_bytes, 0)).toBe(2 * 48 * (s + 1) * h * 2);
  });

  it('the head holds the logits of all prompt positions', () => {
    const head = kernelsOf(program, 'prefill', 'head');
    expect(head.scratch_bytes).toBe(48 * s * (h + vocab) * 2);
  });

  it('weights stand in storage order and the tied table once', () => {
    expect(program.layers.map(({ name }) => name).slice(0, 4)).toEqual(['embed', 'attention', 'mlp', 'attention']);
    expect(program.layers[1]?.weights.map(({ name }) => name.replace('layer_0.attention.', ''))).toEqual([
      'w_q',
      'b_q',
      'w_k',
      'b_k',
      'w_v',
      'b_v',
      'w_out',
      'b_out',
      'w_ln',
      'b_ln',
    ]);
    expect(program.layers.at(-1)?.weights.at(-1)?.alias_of).toBe(program.layers[0]?.weights[0]?.id);
    expect(program.summary.weight_bytes).toBe(2 * 29_974_540_288);
  });

  it('shares kernels between batches and, where the context does not matter, between steps', () => {
    const mlps = [...program.segments()].flatMap(({ ops }) => ops).filter(({ name }) => name === 'mlp');
    const decode = mlps.filter(({ phase }) => phase === 'decode');
    expect(decode.length).toBe(31 * 3);
    expect(new Set(decode.map(({ kernels }) => kernels)).size).toBe(1);
  });
});

describe('order', () => {
  it('is zig-zag: every sub-layer runs all batches before the next', () => {
    const program = generateProgram(fieldsOf({ prompt: 3, output: 2, batch: 1, batches: 2 }), tiny(), plain);
    const log = [...opsOf(program)].map((op) => `${op.step} ${op.layer} ${op.name} ${op.batch}`);
    expect(log).toEqual([
      '0 0 embed 0',
      '0 0 embed 1',
      '0 1 attention 0',
      '0 1 attention 1',
      '0 2 mlp 0',
      '0 2 mlp 1',
      '0 3 attention 0',
      '0 3 attention 1',
      '0 4 mlp 0',
      '0 4 mlp 1',
      '0 5 head 0',
      '0 5 head 1',
      '1 0 embed 0',
      '1 0 embed 1',
      '1 1 attention 0',
      '1 1 attention 1',
      '1 2 mlp 0',
      '1 2 mlp 1',
      '1 3 attention 0',
      '1 3 attention 1',
      '1 4 mlp 0',
      '1 4 mlp 1',
      '1 5 head 0',
      '1 5 head 1',
    ]);
  });

  it('reads what earlier steps wrote, and the last token stores nothing', () => {
    const program = generateProgram(fieldsOf({ prompt: 5, output: 4, batch: 1 }), tiny(), plain);
    const used = [...opsOf(program)].filter(({ layer }) => layer === 1).map(({ state }) => state!);
    expect(used.map(({ read_tokens }) => read_tokens)).toEqual([0, 5, 6, 7]);
    expect(used.map(({ write_tokens }) => write_tokens)).toEqual([5, 1, 1, 0]);
    expect(used[0]?.tensors).toEqual(program.layers[1]?.state[0]);
  });

  it('gives the same stream each time', () => {
    const program = generateProgram(fieldsOf({ prompt: 3, output: 3, batch: 2 }), tiny(), plain);
    expect([...program.segments()]).toEqual([...program.segments()]);
  });
});

describe('projected', () => {
  it('runs the prefill, 20 decode sub-layers of all batches and one to look ahead at', () => {
    const asked = { prompt: 4, output: 8, batch: 2, batches: 3, measured_as: 'projected' } as const;
    const program = generateProgram(fieldsOf(asked), tiny({ layers: 12 }), plain);
    const ops = [...opsOf(program)];
    expect(ops.length).toBe((26 + 21) * 3);
    expect(ops.at(-1)).toMatchObject({ name: 'mlp', layer: 20, batch: 2, step: 1 });
    expect(program.measurement).toEqual({ kind: 'projected', sample_from: 10, sample_to: 20 });
  });

  it('goes on into the next token where the model is small', () => {
    const asked = { prompt: 4, output: 8, batch: 1, measured_as: 'projected' } as const;
    const ops = [...opsOf(generateProgram(fieldsOf(asked), tiny(), plain))].filter(({ phase }) => phase === 'decode');
    expect(ops.length).toBe(21);
    expect(ops.at(-1)).toMatchObject({ step: 4, layer: 2, name: 'mlp' });
  });

  it('is summed by the rule that projects its time', () => {
    const asked = { prompt: 4, output: 8, batch: 2, measured_as: 'projected' } as const;
    const program = generateProgram(fieldsOf(asked), tiny({ layers: 12 }), plain);
    const decode = [...opsOf(program)].filter(({ phase }) => phase === 'decode').slice(10, 20);
    const mean = decode.reduce((sum, op) => sum + flopsOf(op), 0) / 10;
    expect(program.summary.flops.decode?.fp16).toBeCloseTo(7 * 26 * mean, 3);
  });

  it('needs as many decode sub-layers as it runs', () => {
    const asked = { prompt: 4, output: 2, batch: 1, measured_as: 'projected' } as const;
    expect(() => generateProgram(fieldsOf(asked), tiny(), plain)).toThrow(/needs 20 decode sub-layers/);
  });
});

describe('cut', () => {
  const asked = { prompt: 4, output: 9, batch: 2, measured_tokens: 5 } as const;

  it('runs the prefill and the steps that are measured', () => {
    const program = generateProgram(fieldsOf(asked), tiny(), plain);
    const decode = [...opsOf(program)].filter(({ phase }) => phase === 'decode');
    expect(new Set(decode.map(({ step }) => step))).toEqual(new Set([1, 2, 3, 4]));
    expect(program.measurement).toEqual({ kind: 'cut', settling: 2, steps: 4 });
    expect(program.produced.decode_tokens).toBe(2 * 8);
  });

  it('is summed by the rule that projects its time: two steps, and the mean of the others for the rest', () => {
    const program = generateProgram(fieldsOf(asked), tiny(), plain);
    const of = (step: number) =>
      [...opsOf(program)].filter((op) => op.step === step).reduce((sum, op) => sum + flopsOf(op), 0);
    const expected = of(1) + of(2) + (6 * (of(3) + of(4))) / 2;
    expect(program.summary.flops.decode?.fp16).toBeCloseTo(expected, 3);
    expect(of(4)).toBeGreaterThan(of(1));
  });

  it('is refused where it cuts nothing, or another rule takes less', () => {
    const build = (over: object) => () => generateProgram(fieldsOf({ ...asked, ...over }), tiny({ layers: 12 }), plain);
    expect(build({ measured_tokens: 9 })).toThrow(/cuts nothing from 9 output tokens/);
    expect(build({ measured_as: 'projected' })).toThrow(/no effect with measured_as projected/);
  });
});

describe('any shape', () => {
  const shapes = fc.record({
    layers: fc.integer({ min: 1, max: 4 }),
    kv_heads: fc.constantFrom(1, 2, 4),
    gated: fc.boolean(),
    tied: fc.boolean(),
    parallel: fc.boolean(),
    norm: fc.constantFrom('layer', 'rms'),
    qk_norm: fc.boolean(),
    embed_norm: fc.boolean(),
    bias: fc.boolean(),
    activation: fc.constantFrom('relu', 'silu'),
    positions: fc.constantFrom(0, 64),
    moe: fc.constantFrom(
      undefined,
      { experts: 6, active: 2, ffn: 16 },
      { experts: 4, active: 1, ffn: 8, shared_ffn: 24 },
    ),
  });
  const runs = fc.record({
    prompt: fc.integer({ min: 1, max: 20 }),
    output: fc.integer({ min: 1, max: 6 }),
    batch: fc.integer({ min: 1, max: 5 }),
    batches: fc.integer({ min: 1, max: 3 }),
    attention_kernel: fc.constantFrom('eager' as const, 'flash' as const),
    activation_sparsity: fc.constantFrom(0, 0.5),
  });
  const precisions = fc.constantFrom(plain, four_bit, { ...plain, weight_bits: 8, activation_bits: 8 });

  it('adds up to its summary, and every state and weight is in the tensor table', () => {
    fc.assert(
      fc.property(shapes, runs, precisions, (shape, asked, precision) => {
        const position = shape.positions > 0 ? 'learned' : 'rotary';
        const model = tiny({ ...shape, position, hidden: 16, heads: 4 });
        const program = generateProgram(fieldsOf(asked), model, precision);
        const sums = { prefill: 0, decode: 0, read: 0, written: 0 };
        let last_output = 0;
        for (const op of opsOf(program)) {
          sums[op.phase as 'prefill' | 'decode'] += flopsOf(op);
          sums.read += 2 * (op.state ? op.state.read_tokens * op.state.bytes_per_token : 0);
          sums.written += 2 * (op.state ? op.state.write_tokens * op.state.bytes_per_token : 0);
          expect(op.scratch_bytes).toBeGreaterThanOrEqual(0);
          if (asked.batches === 1 && op.name !== 'embed') expect(op.input_bytes).toBe(last_output);
          last_output = op.output_bytes;
          for (const kernel of op.kernels) {
            for (const amount of [kernel.flops, kernel.operand_bytes, kernel.activation_bytes]) {
              expect(Number.isFinite(amount) && amount >= 0).toBe(true);
            }
          }
        }
        const { summary } = program;
        expect(summary.flops.prefill?.fp16).toBeCloseTo(sums.prefill, 3);
        expect(summary.flops.decode?.fp16 ?? 0).toBeCloseTo(sums.decode, 3);
        expect(summary.kv_read_bytes).toBeCloseTo(sums.read, 3);
        expect(summary.kv_write_bytes).toBeCloseTo(sums.written, 3);
        const of = (kind: string) =>
          program.tensors.reduce((sum, t) => sum + (t.kind === kind && t.alias_of < 0 ? t.bytes : 0), 0);
        expect(summary.weight_bytes).toBe(of('weight'));
        expect(summary.kv_bytes).toBe(of('kv'));
        expect(program.tensors.map(({ id }) => id)).toEqual(program.tensors.map((_, i) => i));
        expect(summary.pass_weight_bytes?.prefill).toBeLessThanOrEqual(summary.weight_bytes);
      }),
      { numRuns: 60 },
    );
  });
});

describe('options turn something', () => {
  const model = readModel('opt-6.7b');
  const asked = { prompt: 256, output: 4, batch: 4 };
  const build = (over: Partial<GenerateFields> = {}, precision = plain) =>
    generateProgram(fieldsOf({ ...asked, ...over }), model, precision);

  it('flash computes half the square and keeps no score matrix', () => {
    const flash = build({ attention_kernel: 'flash', logits: 'all' });
    const square = 4 * 4 * 256 * 256 * model.hidden * model.layers;
    expect(build().summary.flops.prefill!.fp16! - flash.summary.flops.prefill!.fp16!).toBeCloseTo(square / 2, -3);
    expect(kernelsOf(flash, 'prefill', 'attention').scratch_bytes).toBeLessThan(6 * 4 * 256 * model.hidden * 2);
  });

  it('un-fused norms and rotary positions run beside a fused attention kernel', () => {
    const llama = readModel('llama3-8b');
    const launches = (over: Partial<GenerateFields>) =>
      kernelsOf(generateProgram(fieldsOf({ ...asked, ...over }), llama, plain), 'decode', 'attention').kernels.reduce(
        (sum, kernel) => sum + kernel.launches,
        0,
      );
    const fused = launches({ attention_kernel: 'flash' });
    // A norm in seven kernels for one, and queries and keys turned in five for one.
    expect(launches({ attention_kernel: 'flash', pointwise_kernels: 'unfused' }) - fused).toBe(6 + 2 * 4);
    expect(launches({ attention_kernel: 'flash', pointwise_kernels: 'fused' })).toBe(fused);
  });

  it('grouped heads are loaded once a query head by a paged kernel, and copied out first by an expanding one', () => {
    const llama = readModel('llama3-8b');
    const attention = (attention_kernel: GenerateFields['attention_kernel']) =>
      kernelsOf(generateProgram(fieldsOf({ ...asked, attention_kernel }), llama, plain), 'decode', 'attention');
    const kernel = (op: Op) => op.kernels.find(({ name }) => name === 'flash')!;
    const stored = kernel(attention('flash')).operand_bytes;
    expect(kernel(attention('flash')).head_loaded_bytes).toBeUndefined();
    expect(kernel(attention('paged'))).toMatchObject({ operand_bytes: stored, head_loaded_bytes: 4 * stored });
    const expanded = attention('flash_expanded');
    const bytes = (op: Op) => op.kernels.reduce((sum, k) => sum + k.operand_bytes + k.activation_bytes, 0);
    // Read once, written four times over, read again.
    expect(bytes(expanded) - bytes(attention('flash'))).toBe(8 * stored);
    expect(expanded.scratch_bytes - attention('flash').scratch_bytes).toBe(4 * stored);
  });

  it('logits of the last position alone save the others', () => {
    const saved = build().summary.flops.prefill!.fp16! - build({ logits: 'last' }).summary.flops.prefill!.fp16!;
    expect(saved).toBeCloseTo(2 * 4 * 255 * model.hidden * model.vocab, -3);
  });

  it('wider scores take wider matrices', () => {
    const scratch = (bits: 16 | 32) => kernelsOf(build({ softmax_bits: bits }), 'prefill', 'attention').scratch_bytes;
    expect(scratch(32) - scratch(16)).toBe(2 * 4 * 32 * 256 * 256 * 2);
  });

  it('sparsity takes its share of the MLP', () => {
    const mlp = (sparsity: number) => kernelsOf(build({ activation_sparsity: sparsity }), 'decode', 'mlp');
    expect(flopsOf(mlp(0.75))).toBeCloseTo(flopsOf(mlp(0)) / 4, 0);
    const operands = (sparsity: number) => mlp(sparsity).kernels.reduce((sum, k) => sum + k.operand_bytes, 0);
    expect(operands(0.75) / operands(0)).toBeCloseTo(1 - 0.75 ** 4, 9);
  });

  it('quantised weights and KV are held expanded while in use', () => {
    const grown = (phase: string, name: string) =>
      kernelsOf(build({}, four_bit), phase, name).scratch_bytes - kernelsOf(build(), phase, name).scratch_bytes;
    const h = model.hidden;
    expect(grown('decode', 'mlp')).toBe(8 * h * h * 2);
    expect(grown('decode', 'attention')).toBeGreaterThanOrEqual(4 * h * h * 2 + 2 * 4 * 257 * h * 2);
    expect(build({}, four_bit).summary.kv_bytes).toBe(build().summary.kv_bytes * (0.5625 / 2));
  });

  it('fused kernels read quantised weights as they are stored, and hold no copy of them', () => {
    const fused = build({}, { ...four_bit, kv_bits: 16, weight_kernels: 'fused' });
    const expanded = build({}, { ...four_bit, kv_bits: 16 });
    const mlp = (program: typeof fused) => kernelsOf(program, 'decode', 'mlp');
    const operands = (program: typeof fused) => mlp(program).kernels.reduce((sum, k) => sum + k.operand_bytes, 0);
    const vectors = 2 * 5 * model.hidden;
    expect(operands(expanded) - operands(fused)).toBeCloseTo((operands(expanded) - vectors) * (1 - 0.5625 / 2), 0);
    expect(mlp(fused).scratch_bytes).toBe(mlp(build()).scratch_bytes);
    expect(fused.tensors.some(({ kind, quantised }) => kind === 'weight' && quantised)).toBe(false);
    expect(flopsOf(mlp(fused))).toBe(flopsOf(mlp(expanded)));
  });

  it('divides heads, inner widths and vocabulary over devices, and nothing else', () => {
    const [whole, share] = [build(), build({ tensor_parallel: 4 })];
    const matrices = (program: typeof whole) =>
      program.tensors
        .filter(({ kind, alias_of }) => kind === 'weight' && alias_of < 0)
        .reduce((sum, { bytes }) => sum + bytes, 0);
    // Norms, positions and the biases of what is summed stay whole: under half a percent here.
    expect(matrices(share) / matrices(whole)).toBeGreaterThan(1 / 4);
    expect(matrices(share) / matrices(whole)).toBeLessThan(1 / 4 + 0.005);
    expect(share.summary.flops.prefill!.fp16! / whole.summary.flops.prefill!.fp16!).toBeCloseTo(1 / 4, 3);
    expect(share.summary.kv_bytes).toBe(whole.summary.kv_bytes / 4);
    expect(share.produced).toEqual(whole.produced);
  });

  it('sums the hidden state after every sub-layer and gathers the logits', () => {
    const ops = [...build({ tensor_parallel: 4, output: 1 }).segments()].flatMap(({ ops }) => ops);
    const hidden = 4 * 256 * model.hidden * 2;
    const asked = Object.fromEntries(ops.map(({ name, collective }) => [name, collective]));
    expect(asked).toEqual({
      embed: { kind: 'all-reduce', bytes: hidden },
      attention: { kind: 'all-reduce', bytes: hidden },
      mlp: { kind: 'all-reduce', bytes: hidden },
      head: { kind: 'all-gather', bytes: 4 * 256 * 4 * Math.ceil(model.vocab / 4) * 2 },
    });
    const alone = [...build({ output: 1 }).segments()].flatMap(({ ops: all }) => all);
    expect(alone.every(({ collective }) => collective === undefined)).toBe(true);
  });

  it('refuses widths that devices do not divide, pipelines and options without effect', () => {
    expect(() => build({ tensor_parallel: 3 })).toThrow(/3 devices do not divide the 32 (key )?heads/);
    expect(() => build({ pipeline_parallel: 4 })).toThrow(/pipeline_parallel of 4 is not built yet/);
    expect(() => build({ attention_kernel: 'flash', softmax_bits: 16 })).toThrow(/softmax_bits has no effect/);
  });
});

describe('experts', () => {
  const model = readModel('qwen3-30b-a3b');
  const mlp = (batch: number) =>
    kernelsOf(generateProgram(fieldsOf({ prompt: 1, output: 2, batch }), model, plain), 'decode', 'mlp');
  const expert = 3 * 2048 * 768;
  const router = 2048 * 128;

  it('compute the active ones and read those that some token reaches', () => {
    for (const batch of [1, 16]) {
      expect(flopsOf(mlp(batch))).toBeCloseTo(batch * 2 * (8 * expert + router), 0);
      const reached = 128 * (1 - (1 - 8 / 128) ** batch);
      const read = mlp(batch).kernels.reduce((sum, { operand_bytes }) => sum + operand_bytes, 0);
      expect(read).toBeCloseTo(2 * (reached * expert + router), 0);
    }
  });
});

describe('the shapes of its products', () => {
  const shapesOf = (over: Record<string, unknown>, asked: Partial<GenerateFields> = {}) =>
    [...opsOf(generateProgram(fieldsOf({ prompt: 3, output: 2, batch: 5, ...asked }), tiny(over), plain))]
      .filter(({ phase, layer }) => phase === 'prefill' && (layer === 1 || layer === 2))
      .flatMap(({ kernels }) => kernels.flatMap(({ products = [] }) => products.map(({ shape }) => shape)));

  it('has a row for every new token of the batch', () => {
    const [m, count] = [15, 1];
    const square = { m, n: 8, k: 8, count };
    expect(shapesOf({})).toEqual([
      square,
      square,
      square,
      square,
      { m, n: 32, k: 8, count },
      { m, n: 8, k: 32, count },
    ]);
  });

  it('covers all FLOPs of products with weights', () => {
    for (const op of opsOf(
      generateProgram(fieldsOf({ prompt: 3, output: 4, batch: 2 }), tiny({ gated: true }), plain),
    )) {
      for (const { name, part, flops, products = [] } of op.kernels) {
        if (name !== 'gemm' || part === 'attention') continue;
        expect(products.reduce((sum, { shape: { m, n, k } }) => sum + 2 * m * n * k, 0)).toBeCloseTo(flops, 6);
      }
    }
  });
});
