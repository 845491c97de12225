import { InputError } from '../../input/index.ts';
import { bytesOf } from '../../sim/training/kernels.ts';
import type { Kernel, Program, Segment, TrainBody, Training, TrainOp } from '../../sim/types/index.ts';
import { type Model, parameterCount } from '../models/model.ts';
import { elementsOf, type WeightShape, weightShapes } from '../models/weights.ts';
import {
  checkEncoder,
  decoderLayerOps,
  encoderEndOps,
  encoderLayerOps,
  positionBiasOps,
  returnedBytes,
} from './encoder.ts';
import { embedOps, headOps, type LossShape } from './ends.ts';
import { layoutOf } from './layout.ts';
import { modelFlops } from './modelFlops.ts';
import type { TrainFields } from './schema.ts';
import type { TrainSetting } from './setting.ts';
import { withSide } from './side.ts';

/** Tokens of a slice in which a loss makes its logits: of all sequences together where it frees them, else of each. */
const LOSS_CHUNK_TOKENS = 4096;
/** LitGPT's `lm_head_chunk_size` in `finetune/lora.py`. */
const LOSS_SPLIT_TOKENS = 128;

/**
 * The program of one training step. Its segments are one micro-batch through the whole model, forward; the step itself,
 * with its schedule, is in `training`.
 * @throws InputError for sizes that do not divide.
 */
export function trainProgram(fields: TrainFields, base: Model): Program {
  checkEncoder(fields, base);
  const whole = resized(base, fields);
  const model = pruned(whole, fields.pruned);
  const layout = layoutOf(fields, whole);
  const pairs = pairShare(fields, model.layers);
  const sequences = fields.microbatch;
  const seq = fields.target ?? fields.seq;
  const tokens = (sequences * seq) / layout.context;
  const dtype = fields.dtype ?? model.dtype;
  const element = bytesOf(dtype);
  const setting: TrainSetting = {
    model,
    dtype,
    element,
    tokens,
    sequences,
    seq,
    tensor: layout.tensor,
    context: layout.context,
    expert: layout.expert,
    sequence_parallel: layout.sequence_parallel,
    flash: fields.attention_kernel === 'flash',
    pairs,
    dropout: fields.dropout && DROPOUT_POSITIONS.has(model.position),
    fused: fields.fused,
    norm_fp32_tensors: fields.norm_fp32_tensors ?? 0,
    keeps_softmax_input: fields.keeps_softmax_input === true,
    packed_qkv: fields.qkv === 'packed',
  };
  const source = model.encoder === undefined ? null : { ...setting, seq: fields.seq, tokens: sequences * fields.seq };
  const shapes = weightShapes(model);
  const encoderShapes = [...shapes.attention, ...shapes.mlp];
  const layerShapes = [...encoderShapes, ...shapes.cross];
  const body = (ops: readonly TrainOp[], weights: readonly WeightShape[]): TrainBody => ({
    ops,
    matrices: { trained: countOf(weights.filter(isMatrix), layout), frozen: 0, frozen_bits: 8 * element },
    others: {
      trained: countOf(
        weights.filter((weight) => !isMatrix(weight)),
        layout,
      ),
      frozen: 0,
      frozen_bits: 8 * element,
    },
  });
  const untied = shapes.head.filter(({ tied }) => tied !== true);
  const hidden_bytes = element * tokens * model.hidden;
  const step: Training = {
    layout,
    dtype,
    layers: model.layers,
    trunk_layers: 0,
    layer: {
      ...body(decoderLayerOps(setting, source), layerShapes),
      ...returned(fields, returnedBytes(setting, source), element),
    },
    embed: body(embedding(setting, source), shapes.embed),
    ...(model.encoder !== undefined &&
      source !== null && {
        encoder: {
          layers: model.encoder.layers,
          layer: body(encoderLayerOps(source), encoderShapes),
          end: body(encoderEndOps(source), shapes.encoder_end),
        },
      }),
    head: {
      ...body(headOps(setting, lossShape(fields, tokens)), untied),
      ...(fields.returns_fp32 === true &&
        fields.loss === 'whole' && {
          returned_bytes:
            ((FULL + (fields.narrow_logits === true ? element : 0)) * tokens * model.vocab) / layout.tensor,
        }),
    },
    tied_table_parameters: model.tied ? (model.vocab * model.hidden) / layout.tensor : 0,
    shape: { hidden: model.hidden, tokens },
    hidden_bytes,
    // Ranks of a tensor group hold equal outputs, so each sends its share (Narayanan et al., SC 2021, section 4.1).
    boundary_bytes: hidden_bytes / layout.tensor,
    model_flops: modelFlops(model, fields, pairs),
    backward_share: 2 / 3,
    tokens: fields.batch * (fields.seq + (fields.target ?? 0)),
    samples: fields.batch,
    allocator: allocatorOf(fields),
    measured_as: fields.measured_as,
  };
  const training = fields.side === undefined ? step : withSide(step, setting, source, fields.side);
  return programOf(training, model);
}

/** Bytes of an element in full precision. */
const FULL = 4;

/** What a layer hands to its caller beside its output: keys and values as they are, or as copies in full precision. */
const returned = ({ returns_cache, returns_fp32 }: TrainFields, bytes: number, element: number) => {
  if (returns_fp32 === true) return { returned_bytes: (bytes / element) * FULL };
  return returns_cache === true ? { returned_bytes: bytes } : {};
};

/** Models whose training has dropout: others have been trained without. */
const DROPOUT_POSITIONS: ReadonlySet<Model['position']> = new Set(['learned', 'relative']);

/** Tokens of sources and targets come from one table. */
function embedding(setting: TrainSetting, source: TrainSetting | null): TrainOp[] {
  if (source === null) return embedOps(setting);
  return [...embedOps({ ...setting, tokens: setting.tokens + source.tokens }), ...positionBiasOps(source)];
}

function allocatorOf({ allocator }: TrainFields): Training['allocator'] {
  if (allocator === undefined) return null;
  return {
    expandable_segments: allocator.expandable_segments,
    max_split_bytes: allocator.max_split_bytes ?? null,
  };
}

/** Share of the causal pairs left by windows: a query sees w of its s tokens, the first w queries all of theirs. */
function pairShare({ sparse_attention, seq, attention_kernel }: TrainFields, layers: number): number {
  if (sparse_attention === undefined) return 1;
  const { full_layers, window } = sparse_attention;
  const refuse = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem: `workload.sparse_attention: ${problem}`, expected });
  if (attention_kernel !== 'flash')
    throw refuse('score matrices are whole without a fused kernel', 'attention_kernel: flash');
  if (full_layers > layers) throw refuse(`${full_layers} of ${layers} layers`, `full_layers of at most ${layers}`);
  const seen = Math.min(1, window / seq);
  return (full_layers + (layers - full_layers) * seen * (2 - seen)) / layers;
}

function lossShape({ loss, loss_tokens, microbatch, seq, narrow_logits }: TrainFields, tokens: number): LossShape {
  if (loss === 'split')
    return { chunks: 1, slice: Math.min(1, (loss_tokens ?? LOSS_SPLIT_TOKENS) / seq), shifted: false };
  const shifted = narrow_logits === true && loss === 'whole';
  const slice = loss_tokens === undefined ? LOSS_CHUNK_TOKENS : loss_tokens * microbatch;
  return { chunks: loss === 'chunked' ? Math.ceil(tokens / slice) : 1, slice: null, shifted };
}

function resized(model: Model, { shape }: TrainFields): Model {
  if (shape === undefined) return model;
  const hidden = shape.hidden ?? model.hidden;
  const heads = shape.heads ?? model.heads;
  return {
    ...model,
    layers: shape.layers ?? model.layers,
    vocab: shape.vocab ?? model.vocab,
    hidden,
    heads,
    kv_heads: (model.kv_heads / model.heads) * heads,
    head_dim: hidden / heads,
    ffn: (model.ffn / model.hidden) * hidden,
  };
}

/**
 * The model with the mean width of its pruned and its whole layers: bytes and FLOPs of all of them together are exact, since
 * both are linear in heads and columns.
 * @throws InputError for more layers, heads or columns than there are.
 */
function pruned(model: Model, part: TrainFields['pruned']): Model {
  if (part === undefined) return model;
  const mean = (field: 'layers' | 'heads' | 'ffn', kept: number | undefined): number => {
    const whole = model[field];
    if (kept !== undefined && kept > whole) {
      const problem = `workload.pruned.${field}: ${kept} of ${whole}`;
      throw new InputError({ code: 'bad_value', problem, expected: `at most ${whole}` });
    }
    return (part.layers * (kept ?? whole) + (model.layers - part.layers) * whole) / model.layers;
  };
  mean('layers', part.layers);
  const heads = mean('heads', part.heads);
  return { ...model, heads, kv_heads: (model.kv_heads / model.heads) * heads, ffn: mean('ffn', part.ffn) };
}

const isMatrix = ({ shape }: WeightShape): boolean => shape.length >= 2;

/** Elements on one rank. Matrices and their column biases are divided over the tensor group, experts over theirs too; norms are not. */
function countOf(weights: readonly WeightShape[], { tensor, expert }: Training['layout']): number {
  return weights.reduce((sum, weight) => {
    const divided = isMatrix(weight) && weight.name !== 'w_pos' && weight.name !== 'w_router';
    const ways = (divided ? tensor : 1) * (weight.routed === true ? expert : 1);
    return sum + elementsOf(weight.shape) / ways;
  }, 0);
}

const kernelsOf = (body: TrainBody): Kernel[] => body.ops.flatMap((op) => op.forward);

function programOf(training: Training, model: Model): Program {
  const op = (name: string, body: TrainBody, layer: number): Segment['ops'][number] => ({
    name,
    phase: 'forward',
    step: 0,
    layer,
    batch: 0,
    kernels: kernelsOf(body),
    state: null,
    input_bytes: training.hidden_bytes,
    output_bytes: training.hidden_bytes,
    scratch_bytes: Math.max(...body.ops.map(({ scratch_bytes }) => scratch_bytes)),
  });
  function* segments(): Generator<Segment> {
    yield { repeat: 1, layer_stride: 0, ops: [op('embed', training.embed, 0)] };
    if (training.encoder) {
      const { layers, layer, end } = training.encoder;
      yield { repeat: layers, layer_stride: 0, ops: [op('encoder layer', layer, 0)] };
      yield { repeat: 1, layer_stride: 0, ops: [op('encoder end', end, 0)] };
    }
    yield { repeat: training.layers, layer_stride: 1, ops: [op('layer', training.layer, 1)] };
    yield { repeat: 1, layer_stride: 0, ops: [op('head', training.head, training.layers + 1)] };
  }
  const weight_bytes = bytesOf(training.dtype) * parameterCount(model);
  const { microbatches, gpus } = training.layout;
  const flops = training.model_flops / gpus;
  const backward = flops * training.backward_share;
  return {
    kind: 'train',
    tensors: [],
    layers: [],
    batches: microbatches,
    produced: { tokens: 0, decode_tokens: 0, requests: 0 },
    measurement: { kind: 'full' },
    summary: {
      batch: training.samples / microbatches,
      batches: microbatches,
      prompt_tokens: 0,
      output_tokens: 0,
      flops: { forward: { [training.dtype]: flops - backward }, backward: { [training.dtype]: backward } },
      passes: { forward: 1, backward: 1 },
      weight_bytes: weight_bytes / gpus,
      kv_bytes: 0,
      kv_read_bytes: 0,
      kv_write_bytes: 0,
      hidden_bytes: training.hidden_bytes,
    },
    training,
    segments,
  };
}
