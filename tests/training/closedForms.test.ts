import { describe, expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { layerInput } from '../../policies/activations/part.ts';
import type { Policy } from '../../policies/index.ts';
import { loadTraining } from '../../policies/training.ts';
import { simulateTraining } from '../../sim/training/index.ts';
import type { Metrics, Training } from '../../sim/types/index.ts';
import { readModel } from '../../workloads/models/load.ts';
import { type TrainFields, trainProgram } from '../../workloads/train/index.ts';

/** Does a training step agree with what can be worked out by hand? */

const FIELDS: TrainFields = {
  kind: 'train',
  model: 'gpt-22b',
  seq: 2048,
  batch: 4,
  microbatch: 4,
  tensor_parallel: 8,
  pipeline_parallel: 1,
  interleave: 1,
  context_parallel: 1,
  expert_parallel: 1,
  sequence_parallel: false,
  attention_kernel: 'eager',
  flop_convention: 'full',
  dropout: true,
  fused: true,
  loss: 'whole',
  measured_as: 'requirement',
};

const selene = loadMachine('selene');

function step(more: Partial<TrainFields>, policy: Policy = {}, machine = selene): Metrics {
  const fields = { ...FIELDS, ...more };
  const program = trainProgram(fields, readModel(fields.model));
  const training = program.training as Training;
  const { activations, optimizer, training: planned } = loadTraining(policy, machine, training);
  return simulateTraining(machine, { ...program, training: planned }, activations, optimizer).metrics;
}

/** Korthikanti et al. (arXiv:2205.05198), table 1: s b h L = tokens x hidden x layers on the first stage. */
describe('activations of the layers are the published formulas, exactly', () => {
  const [s, b, h, a, L, t] = [2048, 4, 6144, 64, 48, 8];
  const of = (more: Partial<TrainFields>, policy?: Policy) => step(more, policy)['memory.gpu.layer_activation_bytes'];
  test.each<[string, Partial<TrainFields>, Policy, number]>([
    ['tensor parallel', {}, {}, s * b * h * (10 + 24 / t + (5 * a * s) / (h * t))],
    ['and sequence parallel', { sequence_parallel: true }, {}, (s * b * (34 * h + 5 * a * s)) / t],
    ['selective', {}, { activations: { kind: 'selective' } }, s * b * h * (10 + 24 / t)],
    [
      'selective and sequence parallel',
      { sequence_parallel: true },
      { activations: { kind: 'selective' } },
      (34 * s * b * h) / t,
    ],
    ['full', {}, { activations: { kind: 'full' } }, 2 * s * b * h],
  ])('%s', (_, more, policy, bytes) => {
    expect(of(more, policy)).toBe(L * bytes);
  });

  test('a pipeline of p stages in m chunks holds L (1 + (p - 1) / (p m)) layers on its first stage', () => {
    const whole = { model: 'gpt-175b', batch: 64, microbatch: 1 };
    const perLayer = of({ ...whole, pipeline_parallel: 1 })! / 96;
    expect(of({ ...whole, pipeline_parallel: 8 })).toBe(96 * perLayer);
    expect(of({ ...whole, pipeline_parallel: 8, interleave: 3 })).toBe(96 * (1 + 7 / 24) * perLayer);
  });

  test('state is 18 bytes a parameter of 12 h^2 L / t, and 16 with 2-byte gradients', () => {
    const parameters = (12 * h * h * L) / t;
    expect(step({})['memory.gpu.layer_state_bytes']).toBe(18 * parameters);
    const policy: Policy = { optimizer: optimizer({ gradient_bits: 16 }) };
    expect(step({}, policy)['memory.gpu.layer_state_bytes']).toBe(16 * parameters);
  });
});

type Optimizer = NonNullable<Policy['optimizer']>;
const optimizer = (more: Partial<Optimizer>): Optimizer => ({
  kind: 'adam',
  zero: 0,
  offload: 'none',
  per_layer: false,
  ...more,
});

test('model FLOPs are 72 B s L h^2 (1 + s / 6h + v / 12hL)', () => {
  const [s, B, h, L, v] = [2048, 4, 6144, 48, 51200];
  const flops = 72 * B * s * L * h * h * (1 + s / (6 * h) + v / (12 * h * L));
  const { 'compute.mfu': mfu, 'time.step_s': seconds } = step({});
  expect(mfu! * seconds! * 8 * 312e12).toBeCloseTo(flops, -8);
});

test('recomputing a whole layer costs its forward once more', () => {
  const keep = step({}, { activations: { kind: 'keep' } });
  const full = step({}, { activations: { kind: 'full' } });
  const again = full['time.layer_backward_s']! - keep['time.layer_backward_s']!;
  expect(again / keep['time.layer_forward_s']!).toBeCloseTo(1, 2);
  expect(full['compute.recompute_flops']).toBeGreaterThan(0.24 * full['compute.flops']!);
});

describe('the optimizer on the host', () => {
  const offloaded: Policy = { optimizer: optimizer({ offload: 'optimizer' }) };

  test('is charged once a step, whatever the number of micro-batches', () => {
    const added = (microbatches: number): number => {
      const more = { batch: microbatches, microbatch: 1 };
      return step(more, offloaded)['time.step_s']! - step(more)['time.step_s']!;
    };
    expect(added(1)).toBeGreaterThan(0.1);
    expect(added(32)).toBeCloseTo(added(1), 9);
  });

  test('moves gradients out and weights in, each parameter once', () => {
    const { 'traffic.pcie.d2h_bytes': out, 'traffic.pcie.h2d_bytes': back } = step({}, offloaded);
    expect(out! / back!).toBe(2);
    const kept = step({});
    expect(step({}, offloaded)['memory.cpu.optimizer.peak_bytes']).toBe(kept['memory.gpu.optimizer.peak_bytes']);
  });
});

describe('ZeRO divides over the copies', () => {
  const copies = 8;
  const at = (zero: 0 | 1 | 2 | 3) =>
    step(
      {
        tensor_parallel: 1,
        data_parallel: copies,
        batch: 8,
        microbatch: 1,
        shape: { layers: 4, hidden: 2048, heads: 16 },
      },
      { optimizer: optimizer({ zero }) },
    );
  test.each([
    ['optimizer', 1],
    ['gradient', 2],
    ['weight', 3],
  ] as const)('%s from stage %i on', (kind, stage) => {
    const key = `memory.gpu.${kind}.peak_bytes`;
    expect(at((stage - 1) as 0 | 1 | 2)[key]).toBe(copies * at(stage)[key]!);
  });
});

test('activations on the host leave the device but for its buffers', () => {
  const more = { batch: 1, microbatch: 1, shape: { layers: 16, hidden: 2048, heads: 16 }, tensor_parallel: 1 };
  const kept = step(more)['memory.gpu.layer_activation_bytes']!;
  const moved = step(more, { activations: { kind: 'offload', buffers: 2 } });
  // The two last layers stay in the two buffers that the others pass through.
  expect(moved['memory.gpu.layer_activation_bytes']).toBe((kept * 2) / 16);
  expect(moved['memory.cpu.activation.peak_bytes']).toBe((kept * 14) / 16);
  expect(moved['traffic.pcie.d2h_bytes']).toBe((kept * 14) / 16);
  expect(moved['traffic.pcie.h2d_bytes']).toBe((kept * 14) / 16);
});

test('the first saved tensor of a layer is its input', () => {
  expect(layerInput(trainProgram(FIELDS, readModel('gpt-22b')).training as Training)).toBe('norm1_input');
});
