import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { type Policy, policySchema } from '../../policies/index.ts';
import { METHOD_KINDS, METHODS, storedBits } from '../../policies/optimizer/methods.ts';
import { loadTraining } from '../../policies/training.ts';
import { simulateTraining } from '../../sim/training/index.ts';
import type { Metrics, Training } from '../../sim/types/index.ts';
import { readModel } from '../../workloads/models/load.ts';
import { trainProgram, trainSchema } from '../../workloads/train/index.ts';

/** Do optimizers, adapters and ways to keep less agree with what can be worked out by hand? */

const machine = loadMachine('a100-80g');

function plan(more: object, policy: object = {}) {
  const fields = v.parse(trainSchema, {
    kind: 'train',
    model: 'llama2-7b',
    seq: 512,
    batch: 2,
    microbatch: 2,
    attention_kernel: 'flash',
    dropout: false,
    measured_as: 'requirement',
    ...more,
  });
  const program = trainProgram(fields, readModel(fields.model) as never);
  const parsed = v.parse(policySchema, policy) as Policy;
  return { program, ...loadTraining(parsed, machine, program.training as Training) };
}

function step(more: object, policy: object = {}): Metrics {
  const { program, training, activations, optimizer } = plan(more, policy);
  return simulateTraining(machine, { ...program, training }, activations, optimizer).metrics;
}

const savedOf = ({ layer }: Training): Readonly<Record<string, number>> =>
  Object.fromEntries(layer.ops.flatMap(({ saves }) => saves.map(({ name, bytes }) => [name, bytes])));

const [h, f, L, tokens] = [4096, 11008, 32, 1024];
const lora = (adapter: object, more: object = {}) => ({ optimizer: { kind: 'lora', adapter, ...more } });

describe('adapters', () => {
  test('train rank x (inputs + outputs) of each target, and nothing else', () => {
    const { training } = plan({}, lora({ rank: 8, targets: ['query', 'value', 'down'] }));
    expect(training.layer.matrices.trained).toBe(8 * (2 * (h + h) + (h + f)));
    expect(training.layer.matrices.frozen).toBe(4 * h * h + 3 * h * f);
    expect(training.layer.others.trained + training.head.matrices.trained + training.embed.matrices.trained).toBe(0);
  });

  test('packed, the targets share an input: LitGPT counts 4,194,304 trainable parameters of Llama 2 7B', () => {
    const { training } = plan({ qkv: 'packed' }, lora({ rank: 8, targets: ['query', 'value'] }));
    expect(L * training.layer.matrices.trained).toBe(4_194_304);
  });

  test('keep a mask, its output and the thin hidden state; the frozen product keeps nothing', () => {
    const saved = savedOf(plan({}, lora({ rank: 8, targets: ['query'] })).training);
    expect(saved['query_adapter_mask']).toBe(tokens * h);
    expect(saved['query_adapter_input']).toBe(2 * tokens * h);
    expect(saved['query_adapter_hidden']).toBe(2 * tokens * 8);
    expect(saved['qkv_input']).toBeUndefined();
    expect(saved['down_input']).toBeUndefined();
    // Without dropout the adapter reads the product's own input.
    const plain = savedOf(plan({}, lora({ rank: 8, targets: ['query'], dropout: false })).training);
    expect(plain['qkv_input']).toBe(2 * tokens * h);
    expect(plain['query_adapter_input']).toBeUndefined();
    // In a precision of its own it keeps a copy.
    const own = savedOf(plan({}, lora({ targets: ['query', 'key'], dropout: false, own_input: true })).training);
    expect(own['query_adapter_input']! + own['key_adapter_input']!).toBe(2 * 2 * tokens * h);
    expect(own['qkv_input']).toBeUndefined();
  });

  test('leave no weight gradient of frozen matrices, so a step does about two thirds of the work', () => {
    const whole = step({});
    const some = step({}, lora({ rank: 8, targets: ['query'] }));
    const ratio = some['compute.flops']! / whole['compute.flops']!;
    expect(ratio).toBeGreaterThan(0.64);
    expect(ratio).toBeLessThan(0.72);
    expect(some['time.step_s']!).toBeLessThan(whole['time.step_s']!);
  });

  test('a bottleneck after a product keeps what that gave, and trains down, up and their biases', () => {
    const { training } = plan({}, lora({ form: 'bottleneck', rank: 64, targets: ['down'] }));
    const saved = savedOf(training);
    expect(saved['down_bottleneck_input']).toBe(2 * tokens * h);
    expect(saved['query_adapter_input'] ?? saved['down_input']).toBeUndefined();
    expect(training.layer.matrices.trained).toBe(2 * h * 64 + 64 + h);
  });

  test('norms, biases and a prompt train beside no target at all', () => {
    const trained = (adapter: object) => {
      const { layer, head, embed } = plan({}, lora({ targets: [], ...adapter })).training;
      return [layer, head, embed].map(({ matrices, others }) => matrices.trained + others.trained);
    };
    expect(trained({ norms: true })).toEqual([2 * h, h, 0]);
    expect(trained({ biases: true })).toEqual([5 * h + 2 * f + 2 * h, h + 32000, 0]);
    expect(trained({ prompt: 20 })).toEqual([0, 0, 20 * h]);
    expect(() => trained({})).toThrow(/nothing trains/);
  });

  test('an unknown target is refused with the nearest name', () => {
    expect(() => plan({}, lora({ targets: ['qerry'] }))).toThrow(/qerry/);
  });

  test('of grouped heads and of experts have the shapes of their matrices', () => {
    const grouped = plan({ model: 'llama3-8b' }, lora({ rank: 8, targets: ['key'] })).training;
    expect(grouped.layer.matrices.trained).toBe(8 * (4096 + 1024));
    const experts = plan({ model: 'qwen3-30b-a3b' }, lora({ rank: 8, targets: ['down'] })).training;
    expect(experts.layer.matrices.trained).toBe(128 * 8 * (2048 + 768));
  });
});

test.each([
  ['a base without an adapter', { kind: 'adam', base: { bits: 4 } }, /no frozen ones to store/],
  ['a projection of an adapter', { kind: 'lora', projection: { rank: 4 } }, /of low rank already/],
  [
    'more trained layers than there are',
    { kind: 'adam', trained_layers: 33 },
    /33 layers cannot train in a model of 32/,
  ],
])('%s is refused', (_, optimizer, message) => {
  expect(() => plan({}, { optimizer })).toThrow(message);
});

describe('a frozen base in few bits', () => {
  test('NF4 takes 4.5 bits a weight, 4.127 with double quantisation (QLoRA, section 3)', () => {
    expect(storedBits({ ...METHODS.qlora.base, scale_bits: 32, scale_block: 0 })).toBe(4.5);
    expect(storedBits(METHODS.qlora.base)).toBeCloseTo(4.127, 3);
  });

  test('is expanded before every use: more time, and scratch of its largest matrix', () => {
    const base = { bits: 4, block: 64, scale_bits: 32, scale_block: 0, head: true };
    const plain = step({}, lora({ targets: ['query'] }));
    const quantised = step({}, lora({ targets: ['query'] }, { base }));
    const matrices = L * (4 * h * h + 3 * h * f) + 32000 * h;
    const saving = plain['memory.gpu.weight.peak_bytes']! - quantised['memory.gpu.weight.peak_bytes']!;
    expect(saving).toBe((matrices * (16 - 4.5)) / 8);
    expect(quantised['time.step_s']!).toBeGreaterThan(plain['time.step_s']!);
    const scratch = plan({}, lora({ targets: ['query'] }, { base })).training.head.ops.find(
      ({ name }) => name === 'logits',
    )!;
    const without = plan({}, lora({ targets: ['query'] })).training.head.ops.find(({ name }) => name === 'logits')!;
    expect(scratch.scratch_bytes - without.scratch_bytes).toBe(2 * 32000 * h);
  });

  test('keeps the inputs of its products where they are asked to', () => {
    const base = { bits: 4, keeps_input: true };
    const saved = savedOf(plan({}, lora({ targets: ['query'] }, { base })).training);
    expect(saved['down_input']).toBe(2 * tokens * f);
    expect(saved['projection_input_copy']).toBe(2 * tokens * h);
  });
});

describe('projected gradients', () => {
  test('have moments of r x the longer side and a projector of r x the shorter', () => {
    const r = 256;
    const { optimizer } = plan({}, { optimizer: { kind: 'galore', projection: { rank: r } } });
    const square = 2 * (2 * r * h) + 2 * r * h;
    const oblong = 2 * (2 * r * f) + 2 * r * h;
    expect(optimizer.projected!.layer_state_bytes).toBe(4 * square + 3 * oblong);
    expect(optimizer.projected!.layer_parameters).toBe(4 * h * h + 3 * h * f);
  });

  test('a history adds itself', () => {
    const of = (history: number) =>
      plan({}, { optimizer: { kind: 'galore', projection: { rank: 256, history } } }).optimizer.projected!;
    expect(of(3).layer_state_bytes - of(0).layer_state_bytes).toBe(3 * 2 * 256 * (4 * h + 3 * f));
  });

  test('cost products in the update', () => {
    const fields = { gradient_bits: 16, master_bits: 0, moment_bits: 16 };
    const adam = step({}, { optimizer: { kind: 'adam', ...fields } });
    const galore = step({}, { optimizer: { kind: 'galore', projection: { rank: 1024 } } });
    expect(galore['time.optimizer_s']!).not.toBe(adam['time.optimizer_s']!);
    expect(galore['memory.gpu.optimizer.peak_bytes']!).toBeLessThan(0.4 * adam['memory.gpu.optimizer.peak_bytes']!);
  });
});

test('updated at once, the gradients of the largest body alone live', () => {
  const optimizer = { kind: 'adam', gradient_bits: 16, per_layer: true };
  expect(step({}, { optimizer })['memory.gpu.gradient.peak_bytes']).toBe(2 * (4 * h * h + 3 * h * f + 2 * h));
});

test('a frozen trunk keeps nothing, has no state, and its backward is not run', () => {
  const whole = step({});
  const late = step({}, { optimizer: { kind: 'adam', trained_layers: 8 } });
  expect(late['memory.gpu.layer_activation_bytes']).toBe(whole['memory.gpu.layer_activation_bytes']! / 4);
  expect(late['memory.gpu.layer_state_bytes']).toBe(whole['memory.gpu.layer_state_bytes']! / 4);
  expect(late['time.backward_s']!).toBeLessThan(0.4 * whole['time.backward_s']!);
  expect(late['time.forward_s']).toBeCloseTo(whole['time.forward_s']!, 3);
});

describe('thinner activations', () => {
  test('rows: inputs that only weight gradients need shrink, and so does that gradient', () => {
    const whole = plan({});
    const thin = plan({}, { activations: { kind: 'thin', rows: 0.25 } });
    const [before, after] = [savedOf(whole.training), savedOf(thin.training)];
    expect(after['down_input']).toBe(before['down_input']! * 0.25 + 8 * tokens * 0.25);
    expect(after['gate']).toBe(before['gate']);
    const [all, some] = [step({}), step({}, { activations: { kind: 'thin', rows: 0.25 } })];
    expect(some['compute.flops']!).toBeLessThan(0.8 * all['compute.flops']!);
  });

  test('tokens: a half of a layer works on its share, inner attention on its square', () => {
    const half = { activations: { kind: 'thin', attention: 0.5 } };
    const flops = ({ layer }: Training, name: string) =>
      layer.ops.find((op) => op.name === name)!.forward.reduce((sum, kernel) => sum + kernel.flops, 0);
    const [whole, thin] = [plan({}).training, plan({}, half).training];
    expect(flops(thin, 'attention')).toBe(flops(whole, 'attention') / 4);
    expect(flops(thin, 'projection')).toBe(flops(whole, 'projection') / 2);
    expect(flops(thin, 'up')).toBe(flops(whole, 'up'));
    expect(savedOf(thin)['query']).toBe(savedOf(whole)['query']! / 2);
    // They are chosen by what the norm gives.
    expect(savedOf(thin)['norm1_input']).toBe(savedOf(whole)['norm1_input']);
  });

  test('columns: the MLP works whole and keeps a share of its width', () => {
    const [whole, thin] = [plan({}).training, plan({}, { activations: { kind: 'thin', columns: 0.2 } }).training];
    expect(savedOf(thin)['gate']).toBeCloseTo(savedOf(whole)['gate']! / 5);
    expect(savedOf(thin)['up_input']).toBe(savedOf(whole)['up_input']);
    expect(thin.model_flops).toBe(whole.model_flops);
  });

  test('said by name: whole, a bit an element, or nothing', () => {
    const tensors = { '*': 'none', gate: 'mask', up: 'full' };
    const { activations } = plan({}, { activations: { kind: 'saved', tensors } });
    expect(activations.saved['gate']!.keep).toBe(1 / 16);
    expect(activations.saved['up']!.keep).toBe(1);
    expect(activations.saved['query']!.keep).toBe(0);
    expect(() => plan({}, { activations: { kind: 'saved', tensors: { 'nothing*': 'none' } } })).toThrow(/nothing\*/);
  });
});

test('windows leave the pairs that they see', () => {
  const attention = (more: object) =>
    plan(more).training.layer.ops.find(({ name }) => name === 'attention')!.forward[0]!.flops;
  const seen = 128 / 512;
  const share = (8 + 24 * seen * (2 - seen)) / 32;
  expect(attention({ sparse_attention: { full_layers: 8, window: 128 } })).toBeCloseTo(share * attention({}), -3);
});

test('clustering saves a row a weight, or a table of distinct values and an index a weight', () => {
  const maps = (clustering: object) => savedOf(plan({}, { optimizer: { kind: 'adam', clustering } }).training);
  expect(maps({ bits: 3, unique: false })['query_map']).toBe(h * h * 8 * 2);
  expect(maps({ bits: 3, shards: 8 })['query_map']).toBe(2 ** 16 * 8 * 2 + (h * h * 2) / 8);
});

test('pruning gives the mean width of pruned and whole layers', () => {
  const { training } = plan({ pruned: { layers: 16, heads: 8, ffn: 1376 } });
  const whole = 4 * h * h + 3 * h * f;
  const pruned = 4 * h * (h / 4) + 3 * h * 1376;
  expect(training.layer.matrices.trained).toBeCloseTo((whole + pruned) / 2, 3);
});

test('experts keep their routed inputs, gates and outputs', () => {
  const saved = savedOf(plan({ model: 'qwen3-30b-a3b' }).training);
  const routed = 8 * tokens;
  expect(saved['up_input']).toBe(2 * routed * 2048);
  expect(saved['gate']).toBe(2 * routed * 768);
  expect(saved['expert_output']).toBe(2 * routed * 2048);
});

test('a packed product keeps a view of all three, and repeats grouped heads', () => {
  const of = (model: string) => savedOf(plan({ model, qkv: 'packed' }).training);
  expect(of('llama2-7b')['value']).toBe(3 * 2 * tokens * h);
  expect(of('llama3-8b')['value']).toBe(2 * tokens * 4096);
  expect(of('falcon-7b')['value']).toBe(2 * tokens * (71 + 2) * 64);
});

describe.each(METHOD_KINDS)('the method %s', (kind) => {
  const run = step({}, { optimizer: { kind } });

  test('stays above the bound, and its parts are the peak', () => {
    expect(run['bound.time_s']!).toBeLessThanOrEqual(run['time.step_s']!);
    const kinds = ['weight', 'gradient', 'optimizer', 'activation', 'workspace'];
    const sum = kinds.reduce((total, one) => total + (run[`memory.gpu.${one}.peak_bytes`] ?? 0), 0);
    expect(sum).toBeCloseTo(run['memory.gpu.peak_bytes']!, -1);
  });
});
