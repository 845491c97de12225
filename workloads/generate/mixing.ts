import { linearKernel, type MixingShape, taylorFeatures } from '../mixers/kernels.ts';
import { COMPUTE_BYTES } from '../models/model.ts';
import type { Mixer } from '../models/schema.ts';
import { elementsOf, type WeightShape } from '../models/weights.ts';
import { matmulFlops, product } from './flops.ts';
import { normalise } from './norm.ts';
import { rowsBytes, type Setting, type Step, streamedBytes } from './setting.ts';
import { Walk, type Work } from './walk.ts';

/** Mixers with a state of fixed size; a window attends as full attention does, over fewer tokens. */
export type StateMixer = Exclude<Mixer, { kind: 'window' }>;

/** The mixing sub-layer with a fixed state: norm, projections, the mixer, output projection and residual. */
export function mixingWork(setting: Setting, step: Step, mixer: StateMixer, weights: readonly WeightShape[]): Work {
  const { model, batch } = setting;
  const walk = new Walk(model.dtype, rowsBytes(setting, step, model.hidden));
  normalise(walk, setting, step, 'projection', 'input', 'hidden');
  const inner = mixer.kind === 'linear' ? model.hidden : (mixer.expand * model.hidden) / 2;
  if (mixer.kind === 'linear') linear(walk, setting, step, mixer, weights);
  else convolution(walk, setting, step, mixer, weights);
  walk.run({
    part: 'output',
    name: 'gemm',
    reads: ['value'],
    makes: { output: rowsBytes(setting, step, model.hidden) },
    ...product(batch * step.tokens, model.hidden, inner),
    operand_bytes: streamedBytes(
      setting,
      weights.filter(({ name }) => name === 'w_out'),
    ),
    frees: ['value'],
  });
  walk.run({ part: 'output', name: 'pointwise', updates: ['output'], reads: ['input'] });
  return walk.work();
}

function gemm(walk: Walk, setting: Setting, step: Step, weight: WeightShape, to: string): void {
  const [width = 0, from = 0] = weight.shape;
  walk.run({
    part: 'projection',
    name: 'gemm',
    reads: ['hidden'],
    makes: { [to]: rowsBytes(setting, step, width) },
    ...product(setting.batch * step.tokens, width, from),
    operand_bytes: streamedBytes(setting, [weight]),
  });
}

/** Queries and keys of the feature width, values of the head, and the kernel that carries the state. */
function linear(
  walk: Walk,
  setting: Setting,
  step: Step,
  mixer: Extract<Mixer, { kind: 'linear' }>,
  weights: readonly WeightShape[],
): void {
  const { model, batch } = setting;
  for (const name of ['q', 'k', 'v']) gemm(walk, setting, step, weights.find((w) => w.name === `w_${name}`)!, name);
  const shape: MixingShape = {
    dtype: model.dtype,
    batch,
    heads: model.heads,
    key_width: mixer.feature_width,
    value_width: model.hidden / model.heads,
    element_bytes: COMPUTE_BYTES,
  };
  const carried = step.phase === 'decode';
  const { flops, operand_bytes, linear_streams } = linearKernel(
    shape,
    step.tokens,
    taylorFeatures(mixer.feature_width),
    carried,
  );
  walk.run({
    part: 'attention',
    name: 'linear',
    reads: ['q', 'k', 'v'],
    makes: { value: rowsBytes(setting, step, model.hidden) },
    flops,
    operand_bytes,
    ...(linear_streams !== undefined && { linear_streams }),
  });
}

/** Half of the first projection is convolved along the tokens, the other half gates it (BaseConv of HazyResearch/based). */
function convolution(
  walk: Walk,
  setting: Setting,
  step: Step,
  mixer: Extract<Mixer, { kind: 'convolution' }>,
  weights: readonly WeightShape[],
): void {
  const { model, batch } = setting;
  const inner = (mixer.expand * model.hidden) / 2;
  gemm(walk, setting, step, weights.find(({ name }) => name === 'w_in')!, 'wide');
  const filter = weights.find(({ name }) => name === 'w_conv')!;
  const state_bytes = batch * elementsOf(filter.shape) * COMPUTE_BYTES;
  walk.run({
    part: 'attention',
    name: 'convolution',
    reads: ['wide'],
    makes: { value: rowsBytes(setting, step, inner) },
    flops: matmulFlops(batch * step.tokens, inner, mixer.kernel),
    operand_bytes: streamedBytes(setting, [filter]) + (step.phase === 'decode' ? 2 * state_bytes : 0),
    launches: 3,
  });
}
