import { InputError } from '../../input/index.ts';
import type { KvPolicyMaker, KvShape, Measurement, Precision, Program, Segment } from '../../sim/types/index.ts';
import { COMPUTE_BYTES, type Model } from '../models/model.ts';
import { rankModel } from '../models/rank.ts';
import { Passes } from './passes.ts';
import { stepSegments, WorkTable } from './schedule.ts';
import type { GenerateFields } from './schema.ts';
import { sequencePolicy } from './sequence.ts';
import type { Groups, Setting } from './setting.ts';
import { summarise } from './summary.ts';
import { buildTensors, subLayers, type TokenSize, tokenSize } from './tensors.ts';

/** Decode sub-layers that FlexGen's shortened run executes, and the first it averages (`generation_loop_debug_*_batch`). */
export const PROJECTED_SUB_LAYERS = 20;
export const SAMPLE_FROM = 10;
/** The sub-layer after the last measured one: not run, but its weights are requested while that one runs. */
const LOOK_AHEAD = 1;

/** Decode steps of a cut run that are not part of its mean (FlexGen, `project_decode_latency`). */
const SETTLING = 2;

/**
 * The program of one generation: a prefill and `output - 1` decode steps in zig-zag order over `batches` batches.
 * In `projected` form decode stops one sub-layer after the 20 that are measured; the measurement says which of them stand for all.
 * Of tensor-parallel devices, which all do the same, it is the work of one, with what they exchange.
 * @throws InputError for pipelines, which are not built yet, for widths that devices do not divide, for options that would have no effect, and for a projection
 * of fewer decode sub-layers than it samples.
 */
export function generateProgram(
  fields: GenerateFields,
  whole: Model,
  precision: Precision,
  kvMaker: KvPolicyMaker | null = null,
): Program {
  refuseUnusable(fields, whole);
  const { output, batch, batches, tensor_parallel } = fields;
  const model = rankModel(whole, tensor_parallel);
  const setting = settingOf(fields, model, precision);
  const token = tokenSize(model, batch, precision);
  const table = new WorkTable(setting, token, output - 1);
  const maker = model.mixers.length > 0 ? sequencePolicy(model, kvMaker) : kvMaker;
  const kv = maker?.(shapeOf(fields, setting, token)) ?? null;
  const passes = new Passes(fields, kv, model);
  const { tensors, layers } = buildTensors(model, batches, precision, token, passes);
  const stateOf = (layer: number, k: number): readonly number[] => layers[layer]?.state[k] ?? [];
  const measurement = measurementOf(fields);

  function* segments(): Generator<Segment> {
    const per_step = subLayers(model.layers);
    let left = passes.prefills * per_step + decodeLimit(measurement, per_step);
    for (let i = 0; i < passes.count && left > 0; i++) {
      const count = Math.min(left, per_step);
      yield* stepSegments(table, passes.at(i), model.layers, stateOf, batches, count, passes);
      left -= per_step;
    }
  }

  const requests = batch * batches;
  return {
    kind: 'generate',
    tensors,
    layers,
    head_width: model.head_dim,
    batches,
    ...(tensor_parallel > 1 && { devices: tensor_parallel }),
    produced: { tokens: requests * output, decode_tokens: requests * (output - 1), requests },
    measurement,
    summary: summarise({ fields, setting, table, layers, passes, token, measurement }),
    ...(kv === null ? {} : { kv_policy: kv.name, kv_layers: passes.kvLayers(model.layers), warnings: kv.warnings }),
    segments,
  };
}

function measurementOf({ measured_as, measured_tokens }: GenerateFields): Measurement {
  if (measured_as === 'projected')
    return { kind: 'projected', sample_from: SAMPLE_FROM, sample_to: PROJECTED_SUB_LAYERS };
  if (measured_tokens !== undefined) return { kind: 'cut', settling: SETTLING, steps: measured_tokens - 1 };
  return { kind: 'full' };
}

/** Decode sub-layers that are run. */
function decodeLimit(measurement: Measurement, per_step: number): number {
  switch (measurement.kind) {
    case 'projected':
      return measurement.sample_to + LOOK_AHEAD;
    case 'cut':
      return measurement.steps * per_step;
    case 'full':
      return Number.POSITIVE_INFINITY;
  }
}

const GROUPS: Readonly<Record<GenerateFields['attention_kernel'], Groups | null>> = {
  eager: null,
  fused_softmax: null,
  flash: 'shared',
  paged: 'paged',
  flash_expanded: 'expanded',
};

function settingOf(fields: GenerateFields, model: Model, precision: Precision): Setting {
  const groups = GROUPS[fields.attention_kernel];
  const fused = groups !== null;
  return {
    model,
    devices: fields.tensor_parallel,
    precision,
    batch: fields.batch,
    fused,
    pointwise_fused: fields.pointwise_kernels === undefined ? fused : fields.pointwise_kernels === 'fused',
    groups,
    fused_softmax: fields.attention_kernel === 'fused_softmax',
    score_bytes: fields.softmax_bits === undefined ? COMPUTE_BYTES : fields.softmax_bits / 8,
    activation_sparsity: fields.activation_sparsity,
    logits: fields.logits ?? (fused ? 'last' : 'all'),
  };
}

function shapeOf(
  { batch, prompt, output, tensor_parallel }: GenerateFields,
  setting: Setting,
  token: TokenSize,
): KvShape {
  const { layers, heads, kv_heads, head_dim, hidden, dtype } = setting.model;
  return {
    ...(tensor_parallel > 1 && { devices: tensor_parallel }),
    layers,
    heads,
    kv_heads,
    head_dim,
    hidden,
    batch,
    prompt_tokens: prompt,
    output_tokens: output,
    dtype,
    token_bytes: token.bytes,
    fused: setting.fused,
    score_bytes: setting.score_bytes,
  };
}

function refuseUnusable(fields: GenerateFields, model: Model): void {
  if (model.encoder !== undefined || model.position === 'relative') {
    throw new InputError({
      code: 'bad_value',
      problem: `workload.model: ${model.id} has ${model.encoder ? 'an encoder' : 'biases of relative positions'}, which generation does not simulate`,
      found: model.id,
      expected: 'a decoder-only model, or the workload kind train',
    });
  }
  if (fields.pipeline_parallel !== 1) {
    throw new InputError({
      code: 'out_of_range',
      problem: `pipeline_parallel of ${fields.pipeline_parallel} is not built yet for generate`,
      found: String(fields.pipeline_parallel),
      expected: '1, or tensor_parallel',
    });
  }
  if (fields.softmax_bits !== undefined && GROUPS[fields.attention_kernel] !== null) {
    throw new InputError({
      code: 'bad_value',
      problem: `softmax_bits has no effect with attention_kernel ${fields.attention_kernel}, which keeps no score matrix in memory`,
      expected: 'attention_kernel eager, or no softmax_bits',
    });
  }
  if (fields.measured_tokens !== undefined && fields.measured_tokens >= fields.output) {
    throw new InputError({
      code: 'out_of_range',
      problem: `measured_tokens of ${fields.measured_tokens} cuts nothing from ${fields.output} output tokens`,
      found: String(fields.measured_tokens),
      expected: 'fewer than output, or no measured_tokens',
    });
  }
  if (fields.measured_tokens !== undefined && fields.measured_as === 'projected') {
    throw new InputError({
      code: 'bad_value',
      problem: 'measured_tokens has no effect with measured_as projected, which runs a part of the first decode step',
      expected: 'one of the two',
    });
  }
  const decode_sub_layers = (fields.output - 1) * subLayers(model.layers);
  if (fields.measured_as === 'projected' && decode_sub_layers < PROJECTED_SUB_LAYERS) {
    throw new InputError({
      code: 'out_of_range',
      problem: `measured_as projected needs ${PROJECTED_SUB_LAYERS} decode sub-layers; this run has ${decode_sub_layers}`,
      expected: 'more output tokens, or measured_as full',
    });
  }
}
