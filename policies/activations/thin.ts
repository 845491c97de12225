import * as v from 'valibot';
import { InputError } from '../../input/index.ts';
import type { Dtype, TrainBody, Training, TrainOp } from '../../sim/types/index.ts';
import { type ActivationDefinition, planOf } from './part.ts';
import { FORMS, type Form, matching, shareOf } from './patterns.ts';
import { halves, withColumns, withSampledRows, withTokens } from './thinning.ts';

const share = (description: string) =>
  v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1), v.description(`${description} Default 1.`)), 1);

const schema = v.strictObject({
  kind: v.literal('thin'),
  attention: share('Share of the tokens that attention works on; the others pass by it.'),
  mlp: share('Share of the tokens that the MLP works on.'),
  columns: share('Share of the columns of the MLP that its gradient is made from.'),
  rows: share('Share of the rows of a saved input that the gradient of its weights is made from.'),
  sampled: v.optional(
    v.pipe(
      v.array(v.string()),
      v.minLength(1),
      v.description(
        'Saved tensors whose rows are sampled, `*` standing for anything. Default: every input that only the gradient of weights needs.',
      ),
    ),
  ),
  tensors: v.optional(
    v.pipe(
      v.record(v.string(), v.picklist(FORMS)),
      v.description(
        'Other forms of saved tensors by name: whole, one bit an element, or nothing; the last that matches counts.',
      ),
    ),
  ),
});

/**
 * Fewer activations by leaving some out. Tokens: uninformative ones skip a half of a layer, so that neither its work nor
 * its activations exist (LeMo, arXiv:2501.09767). Rows: the forward pass is whole, and the gradient of weights, or of the
 * other operand of a product of activations, comes from a sample of the saved rows (WTA-CRS, arXiv:2305.15265).
 */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'thin',
  description: 'Tokens skip attention or the MLP, or gradients of weights come from a sample of the saved rows',
  schema,
  rewrite: ({ attention, mlp, columns, rows, sampled, tensors = {} }, training) => {
    const { encoder } = training;
    if (encoder !== undefined && (attention < 1 || mlp < 1)) throw noHalves();
    const names = namesOf(training);
    const chosen = sampled === undefined ? null : new Set(sampled.flatMap((pattern) => matching(pattern, names)));
    const forms = new Map(
      Object.entries(tensors).flatMap(([pattern, form]) =>
        matching(pattern, names).map((name) => [name, form] as const),
      ),
    );
    const op = (one: TrainOp): TrainOp => withForms(withSampledRows(one, rows, chosen), forms, training.dtype);
    const thinned = (body: TrainBody): TrainBody => ({ ...body, ops: body.ops.map(op) });
    const parts = halves(training.layer);
    // The sums around a half carry every token, and tokens are chosen by what the norm before it gives.
    const whole = ({ name, norm_parameters }: TrainOp) => name.startsWith('residual') || norm_parameters !== undefined;
    const half = (ops: readonly TrainOp[], kept: number) =>
      ops.map((one) => (whole(one) ? one : withTokens(one, kept)));
    const { returned_bytes } = training.layer;
    const layer = {
      ...training.layer,
      ops: [
        ...half(parts.attention, attention),
        ...half(parts.mlp, mlp).map((one) => (columns < 1 && !whole(one) ? withColumns(one, columns) : one)),
      ],
      ...(returned_bytes !== undefined && { returned_bytes: returned_bytes * attention }),
    };
    return {
      ...training,
      layer: thinned(layer),
      head: thinned(training.head),
      ...(encoder && { encoder: { ...encoder, layer: thinned(encoder.layer), end: thinned(encoder.end) } }),
    };
  },
  create: () => planOf('thin'),
};

/** Saved tensors of every body that can be thinned. */
function namesOf({ layer, head, encoder }: Training): readonly string[] {
  const bodies = [layer, ...(encoder ? [encoder.layer, encoder.end] : []), head];
  return [...new Set(bodies.flatMap(({ ops }) => ops.flatMap(({ saves }) => saves.map(({ name }) => name))))];
}

function withForms(op: TrainOp, forms: ReadonlyMap<string, Form>, dtype: Dtype): TrainOp {
  const saves = op.saves.map((saved) => {
    const form = forms.get(saved.name);
    return form === undefined ? saved : { ...saved, bytes: saved.bytes * shareOf(form, saved, dtype) };
  });
  return { ...op, saves: saves.filter(({ bytes }) => bytes > 0) };
}

const noHalves = (): InputError =>
  new InputError({
    code: 'bad_value',
    problem: 'policy.activations: tokens that skip a half are not built for a model with an encoder',
    expected: 'rows, sampled or tensors alone',
  });
