import type { Dtype, LayerInfo, Measurement, ProgramSummary } from '../../sim/types/index.ts';
import { mixingWeights, type WeightShape, weightShapes } from '../models/weights.ts';
import { distinctExperts, touchedShare } from './flops.ts';
import type { Passes } from './passes.ts';
import { type SubLayer, type SubLayerWork, subLayerAt, type WorkTable } from './schedule.ts';
import type { GenerateFields } from './schema.ts';
import { hiddenBytes, type Setting, type Step } from './setting.ts';
import { weightBytes } from './stored.ts';
import { reachedShare } from './tables.ts';
import { subLayers, type TokenSize } from './tensors.ts';

interface Parts {
  readonly fields: GenerateFields;
  readonly setting: Setting;
  readonly table: WorkTable;
  readonly layers: readonly LayerInfo[];
  readonly passes: Passes;
  readonly token: TokenSize;
  readonly measurement: Measurement;
}

/** Sums over sub-layers, one batch. */
interface Account {
  flops: number;
  read_bytes: number;
  write_bytes: number;
}

/**
 * Totals of the program over all batches. A projected program is summed by the rule that projects its time (mean of the
 * sampled sub-layers, times all sub-layers of all decode steps), so that a bound and a measurement speak of the same
 * work. `weight_bytes` holds a tied table once, `hidden_bytes` is the hidden state of every sequence during prefill.
 */
export function summarise(parts: Parts): ProgramSummary {
  const { fields, setting, layers, passes, token } = parts;
  const { model } = setting;
  const { prompt, output, batch, batches } = fields;
  const prefill = sumSteps(parts, 0, passes.prefills);
  const decode = sumDecode(parts);
  const flopsOf = (account: Account): Partial<Record<Dtype, number>> => ({ [model.dtype]: batches * account.flops });
  const decodes = output > 1;
  const weights = layers.flatMap((layer) => layer.weights);
  return {
    batch,
    batches,
    prompt_tokens: prompt,
    output_tokens: output,
    flops: { prefill: flopsOf(prefill), ...(decodes ? { decode: flopsOf(decode) } : {}) },
    passes: { prefill: 1, ...(decodes ? { decode: output - 1 } : {}) },
    pass_weight_bytes: {
      prefill: chosenPassBytes(parts, range(layers.length), batch * batches * prompt),
      ...(decodes ? { decode: decodePassBytes(parts) } : {}),
    },
    weight_bytes: weights.reduce((bytes, weight) => bytes + (weight.alias_of < 0 ? weight.bytes : 0), 0),
    kv_bytes: batches * range(model.layers).reduce((sum, layer) => sum + passes.cache(layer, token.bytes).bytes, 0),
    kv_read_bytes: batches * decode.read_bytes,
    kv_write_bytes: batches * (prefill.write_bytes + decode.write_bytes),
    hidden_bytes: batches * hiddenBytes(setting, passes.at(0)),
  };
}

function add(account: Account, { kernels, state }: SubLayerWork, times: number): void {
  for (const { flops } of kernels) account.flops += times * flops;
  if (!state) return;
  account.read_bytes += times * 2 * state.read_tokens * state.bytes_per_token;
  account.write_bytes += times * 2 * state.write_tokens * state.bytes_per_token;
}

const empty = (): Account => ({ flops: 0, read_bytes: 0, write_bytes: 0 });

function sumStep({ table, setting, passes }: Parts, step: Step, into: Account): void {
  add(into, table.at('embed', step), 1);
  const { layers } = setting.model;
  for (let from = 0; from < layers; ) {
    const attention = passes.attention(step, from);
    let to = from + 1;
    while (to < layers && passes.use(step, to) === attention.use) to += 1;
    add(into, table.at('attention', attention), to - from);
    from = to;
  }
  add(into, table.at('mlp', step), layers);
  add(into, table.at('head', step), 1);
}

/** Passes from `from` to before `to`. */
function sumSteps(parts: Parts, from: number, to: number): Account {
  const account = empty();
  for (let i = from; i < to; i++) sumStep(parts, parts.passes.at(i), account);
  return account;
}

/** Decode as it is measured, so that a bound and the measurement speak of the same work. */
function sumDecode(parts: Parts): Account {
  const { measurement, passes } = parts;
  const first = passes.prefills;
  switch (measurement.kind) {
    case 'full':
      return sumSteps(parts, first, passes.count);
    case 'projected':
      return projectDecode(parts, measurement);
    case 'cut': {
      const settled = first + measurement.settling;
      const run = sumSteps(parts, first, settled);
      const sampled = sumSteps(parts, settled, first + measurement.steps);
      const times = (passes.count - settled) / (measurement.steps - measurement.settling);
      return {
        flops: run.flops + times * sampled.flops,
        read_bytes: run.read_bytes + times * sampled.read_bytes,
        write_bytes: run.write_bytes + times * sampled.write_bytes,
      };
    }
  }
}

function projectDecode(
  { fields, setting, table, passes }: Parts,
  { sample_from, sample_to }: Extract<Measurement, { kind: 'projected' }>,
): Account {
  const per_step = subLayers(setting.model.layers);
  const times = ((fields.output - 1) * per_step) / (sample_to - sample_from);
  const account = empty();
  for (let n = sample_from; n < sample_to; n++) {
    const step = passes.at(passes.prefills + Math.floor(n / per_step));
    const kind = subLayerAt(n % per_step, setting.model.layers);
    const at = kind === 'attention' ? passes.attention(step, ((n % per_step) - 1) / 2) : step;
    add(account, table.at(kind, at), times);
  }
  return account;
}

/**
 * Stored weight bytes that `tokens` tokens read at least in one sub-layer: attention and head whole, of the experts
 * those that are reached, of sparse matrices the neurons that some token needs; of embedding tables only rows, left out.
 */
function passBytes(setting: Setting, kind: SubLayer, weights: readonly WeightShape[], tokens: number): number {
  const { model, precision, activation_sparsity } = setting;
  if (kind === 'embed') return 0;
  const reached = model.moe ? distinctExperts(model.moe.experts, model.moe.active, tokens) / model.moe.experts : 1;
  const touched = kind === 'mlp' ? touchedShare(activation_sparsity, tokens) : 1;
  return weights.reduce((bytes, { shape, routed, table_rows }) => {
    const picked = table_rows === undefined ? 1 : reachedShare(table_rows, tokens);
    return bytes + weightBytes(shape, precision) * touched * picked * (routed ? reached : 1);
  }, 0);
}

/** Of the sub-layers with these indices, all tokens of the block together. */
function chosenPassBytes({ setting }: Parts, chosen: readonly number[], tokens: number): number {
  const { model } = setting;
  const shapes = weightShapes(model);
  const known = new Map<readonly WeightShape[], number>();
  return chosen.reduce((sum, j) => {
    const at = j % subLayers(model.layers);
    const kind = subLayerAt(at, model.layers);
    const weights = kind === 'attention' ? mixingWeights(shapes, model, (at - 1) / 2) : shapes[kind];
    const bytes = known.get(weights) ?? passBytes(setting, kind, weights, tokens);
    known.set(weights, bytes);
    return sum + bytes;
  }, 0);
}

function decodePassBytes(parts: Parts): number {
  const { fields, setting, measurement } = parts;
  const all = range(subLayers(setting.model.layers));
  const tokens = fields.batch * fields.batches;
  if (measurement.kind !== 'projected') return chosenPassBytes(parts, all, tokens);
  const sampled = range(measurement.sample_to).slice(measurement.sample_from);
  return (all.length / sampled.length) * chosenPassBytes(parts, sampled, tokens);
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
