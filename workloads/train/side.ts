import { InputError } from '../../input/index.ts';
import { forwardOnly, frozenBody, passedThrough } from '../../sim/training/frozen.ts';
import { withFlops } from '../../sim/training/leftFlops.ts';
import type { TrainBody, Training, TrainOp } from '../../sim/types/index.ts';
import type { Model } from '../models/model.ts';
import { elementsOf, weightShapes } from '../models/weights.ts';
import { norm } from './attention.ts';
import { decoderLayerOps, encoderEndOps, encoderLayerOps, returnedBytes } from './encoder.ts';
import { pointwise, productKernels, saved, savedForWeights, savedResult } from './ops.ts';
import type { TrainFields } from './schema.ts';
import type { TrainSetting } from './setting.ts';

/**
 * A side network that trains beside a frozen model: it takes hidden states of the model and gradients never enter the layers
 * that made them, so those keep nothing. Its ops run where they end: the encoder's after the encoder, the others before the
 * head.
 * @module
 */

type Side = NonNullable<TrainFields['side']>;

/** One stack of layers, with what a side network does beside it. */
interface Stack {
  readonly setting: TrainSetting;
  /** Hidden states it takes. */
  readonly taps: number;
}

/** @throws InputError for more hidden states or late layers than there are. */
export function withSide(training: Training, setting: TrainSetting, source: TrainSetting | null, side: Side): Training {
  checkSide(side, training);
  const { encoder, layers, embed, head } = training;
  const late = side.kind === 'fusion' ? side.late_layers : 0;
  const narrow = side.kind === 'ladder' ? narrowed(setting, side.reduction) : null;
  const narrowSource =
    narrow !== null && source !== null ? { ...narrow, seq: source.seq, tokens: source.tokens } : null;
  const own = { setting, taps: side.taps };
  const made =
    narrow === null
      ? fusion(own, side.reduction)
      : ladder(own, narrow, () => decoderLayerOps(narrow, narrowSource), layerCount(narrow.model, true));
  const [last, ...rest] = head.ops;
  const ends = narrow === null ? null : widening(narrow, setting);
  const returned = narrow === null ? 0 : (returnedBytes(narrow, narrowSource) * side.taps) / layers;
  const built: Training = {
    ...training,
    trunk_layers: layers - late,
    layer: {
      ...frozenBody(training.layer, late > 0 ? passedThrough : forwardOnly),
      ...(training.layer.returned_bytes !== undefined && {
        returned_bytes: training.layer.returned_bytes + returned,
      }),
    },
    embed: frozenBody(embed, forwardOnly),
    head: joined(
      [made, ...(ends ? [ends] : [plain(last!, setting.model.hidden)])],
      frozenBody({ ...head, ops: rest }, passedThrough),
    ),
    tied_table_parameters: 0,
    ...(encoder &&
      source && {
        encoder: {
          ...encoder,
          layer: frozenBody(encoder.layer, forwardOnly),
          end: encoderEnd(encoder.end, { setting: source, taps: side.source_taps! }, narrowSource, side),
        },
      }),
    side: true,
  };
  return withFlops(built, training);
}

/** What is made beside the model, with the parameters it adds. */
interface Made {
  readonly ops: readonly TrainOp[];
  readonly matrices: number;
  readonly others: number;
}

const plain = (op: TrainOp, others: number): Made => ({ ops: [op], matrices: 0, others });

/** Trained parts in front of a frozen body. */
function joined(parts: readonly Made[], body: TrainBody): TrainBody {
  const sum = (of: (made: Made) => number): number => parts.reduce((total, made) => total + of(made), 0);
  return {
    ...body,
    ops: [...parts.flatMap(({ ops }) => ops), ...body.ops],
    matrices: { ...body.matrices, trained: sum(({ matrices }) => matrices) },
    others: { ...body.others, trained: sum(({ others }) => others) },
  };
}

/** The frozen encoder's output, which its caller holds too, and the side network's in front of what reads it. */
function encoderEnd(end: TrainBody, stack: Stack, narrow: TrainSetting | null, { kind, reduction }: Side): TrainBody {
  const { setting } = stack;
  const body = frozenBody(end, forwardOnly);
  const own = narrow ?? setting;
  const made =
    kind === 'fusion' || narrow === null
      ? fusion(stack, reduction)
      : ladder(stack, narrow, () => encoderLayerOps(narrow), layerCount(narrow.model, false));
  const ends: Made = { ops: named('side_', encoderEndOps(own)), matrices: 0, others: own.model.hidden };
  const held = savedResult('encoder_held', setting.element * setting.tokens * setting.model.hidden, setting.tokens);
  const [first, ...rest] = body.ops;
  return joined([made, ends], { ...body, ops: [{ ...first!, saves: [held] }, ...rest] });
}

const named = (prefix: string, ops: readonly TrainOp[]): TrainOp[] =>
  ops.map((op) => ({
    ...op,
    name: prefix + op.name,
    saves: op.saves.map((one) => ({ ...one, name: prefix + one.name })),
  }));

/** Of `taps` hidden states a thin copy each; each of them is a matrix of its own with a bias. */
function tapOps({ setting, taps }: Stack, width: number): Made {
  const { tokens, element, model } = setting;
  const { hidden } = model;
  return {
    ops: [
      {
        name: 'side_taps',
        ...productKernels(setting, {
          name: 'side_taps',
          part: 'projection',
          m: tokens,
          n: width,
          k: hidden,
          count: taps,
        }),
        weights: [{ name: 'side_tap', rows: width, columns: hidden, count: taps }],
        saves: [savedForWeights('side_taps_input', element * taps * tokens * hidden, taps * tokens)],
        scratch_bytes: 0,
      },
    ],
    matrices: taps * width * hidden,
    others: taps * width,
  };
}

/**
 * Thin copies of hidden states, gated, weighted by how little they say twice, summed and widened again (Diao et al., SHERL,
 * arXiv:2407.07523; repository, `modeling_side_t5.py`, `MTSAdapter`).
 */
function fusion(stack: Stack, reduction: number): Made {
  const { setting, taps } = stack;
  const { tokens, element, model } = setting;
  const width = model.hidden / reduction;
  const early = taps - 1;
  const thin = element * tokens * width;
  const values = tokens * width;
  const rows = taps * tokens;
  const tapped = tapOps(stack, width);
  const through = 2 * element;
  const square = (name: string) =>
    productKernels(setting, { name, part: 'projection', m: tokens, n: width, k: width, count: 2 * taps });
  return {
    ops: [
      ...tapped.ops,
      pointwise(setting, 'side_relu', 'other', taps * values, through, 3 * element, {
        saves: [savedResult('side_tapped', taps * thin, rows)],
      }),
      {
        name: 'side_gate',
        ...square('side_gate'),
        weights: [{ name: 'side_gate', rows: width, columns: width, count: 2 * taps }],
        saves: [],
        scratch_bytes: 0,
      },
      pointwise(setting, 'side_gated', 'other', taps * values, 4 * element, 6 * element, {
        saves: [savedResult('side_sum', taps * thin, rows), savedResult('side_sigmoid', taps * thin, rows)],
      }),
      pointwise(setting, 'side_normalise', 'other', early * values, through, 3 * element, {
        saves: [savedResult('side_stack', early * thin, rows), savedResult('side_normalised', early * thin, rows)],
      }),
      {
        name: 'side_similarity',
        ...productKernels(setting, {
          name: 'side_similarity',
          part: 'other',
          m: early,
          n: early,
          k: width,
          count: tokens,
          activations_only: true,
        }),
        saves: [savedResult('side_similarities', element * tokens * early * early, tokens)],
        scratch_bytes: 0,
      },
      // Products with the last copy for the scores, then the weighted sum.
      pointwise(setting, 'side_weights', 'other', early * values, 4 * element, 6 * element, {
        saves: [
          savedResult('side_guide', thin, tokens),
          savedResult('side_scored', early * thin, rows),
          savedResult('side_scores', 3 * element * tokens * early, rows),
        ],
      }),
      {
        name: 'side_widen',
        ...productKernels(setting, { name: 'side_widen', part: 'projection', m: tokens, n: model.hidden, k: width }),
        weights: [{ name: 'side_widen', rows: model.hidden, columns: width, count: 1 }],
        saves: [savedResult('side_mixed', thin, tokens)],
        scratch_bytes: 0,
      },
      pointwise(setting, 'side_out', 'other', tokens * model.hidden, 3 * element, 2 * element),
    ],
    matrices: tapped.matrices + 2 * taps * width * width + width * model.hidden,
    // Biases, the scores' row and their bias, and the gate of the last hidden state.
    others: tapped.others + 2 * taps * width + width + 1 + model.hidden + 1,
  };
}

/**
 * A thin model whose every layer also takes a hidden state of the frozen one (Sung et al., LST, arXiv:2206.06522; repository,
 * `modeling_side_t5.py`): copies, gates and layers, the embedding's copy in front.
 */
function ladder(
  stack: Stack,
  narrow: TrainSetting,
  layerOps: () => readonly TrainOp[],
  layer: { readonly matrices: number; readonly others: number },
): Made {
  const { taps } = stack;
  const { model, tokens, element } = narrow;
  const thin = element * tokens * model.hidden;
  const tapped = tapOps({ ...stack, setting: stack.setting, taps: taps + 1 }, model.hidden);
  const rungs = Array.from({ length: taps }, (_, at) =>
    named(`side${at}_`, [
      pointwise(narrow, 'gate', 'other', tokens * model.hidden, 3 * element, 4 * element, {
        saves: [saved('gated', thin, tokens), savedResult('copied', thin, tokens)],
      }),
      ...layerOps(),
    ]),
  );
  return {
    ops: [...tapped.ops, ...rungs.flat()],
    matrices: tapped.matrices + taps * layer.matrices,
    others: tapped.others + taps * (layer.others + 1),
  };
}

/** The last norm of a thin model and the product that makes its hidden state as wide as the head needs it. */
function widening(narrow: TrainSetting, { model: { hidden } }: TrainSetting): Made {
  const { model, tokens, element } = narrow;
  return {
    ops: [
      norm(narrow, 'side_norm'),
      {
        name: 'side_widen',
        ...productKernels(narrow, { name: 'side_widen', part: 'projection', m: tokens, n: hidden, k: model.hidden }),
        weights: [{ name: 'side_widen', rows: hidden, columns: model.hidden, count: 1 }],
        saves: [savedForWeights('side_widen_input', element * tokens * model.hidden, tokens)],
        scratch_bytes: 0,
      },
    ],
    matrices: hidden * model.hidden,
    others: hidden + model.hidden,
  };
}

const narrowed = (setting: TrainSetting, reduction: number): TrainSetting => {
  const { model } = setting;
  return {
    ...setting,
    model: {
      ...model,
      hidden: model.hidden / reduction,
      head_dim: model.head_dim / reduction,
      ffn: model.ffn / reduction,
    },
  };
};

/** Parameters of a layer, of a decoder's with its attention to the encoder. */
function layerCount(model: Model, decoder: boolean): { readonly matrices: number; readonly others: number } {
  const shapes = weightShapes(model);
  const all = [...shapes.attention, ...shapes.mlp, ...(decoder ? shapes.cross : [])];
  const count = (of: typeof all): number => of.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  return {
    matrices: count(all.filter(({ shape }) => shape.length >= 2)),
    others: count(all.filter(({ shape }) => shape.length < 2)),
  };
}

function checkSide({ kind, reduction, taps, source_taps, late_layers }: Side, training: Training): void {
  const refuse = (field: string, problem: string, expected: string): never => {
    throw new InputError({ code: 'bad_value', problem: `workload.side.${field}: ${problem}`, expected });
  };
  const { encoder, layers, layout, shape } = training;
  if (layout.tensor * layout.pipeline * layout.context * layout.expert > 1)
    refuse('kind', 'a side network is not divided', 'copies by `data_parallel` alone');
  if (shape!.hidden % reduction !== 0)
    refuse('reduction', `${shape!.hidden} does not divide by ${reduction}`, `a divisor of ${shape!.hidden}`);
  if (kind === 'ladder' && late_layers > 0)
    refuse('late_layers', 'a ladder ends in its own layers', 'a fusion, or no late layers');
  if (late_layers > layers) refuse('late_layers', `${late_layers} of ${layers} layers`, `at most ${layers}`);
  // The embeddings are a hidden state too, which a ladder always takes.
  const most = (of: number): number => of + (kind === 'fusion' ? 1 : 0);
  if (taps > most(layers)) refuse('taps', `${taps} hidden states of ${layers} layers`, `at most ${most(layers)}`);
  if (encoder === undefined && source_taps !== undefined)
    refuse('source_taps', 'the model has no encoder', 'taps alone');
  if (encoder === undefined) return;
  if (source_taps === undefined) refuse('source_taps', 'the model has an encoder', 'the hidden states taken of it');
  if (source_taps! > most(encoder.layers))
    refuse(
      'source_taps',
      `${source_taps} hidden states of ${encoder.layers} layers`,
      `at most ${most(encoder.layers)}`,
    );
}
