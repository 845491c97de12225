import * as v from 'valibot';
import type { TrainBody } from '../../sim/types/index.ts';
import { type ActivationDefinition, planOf } from './part.ts';
import { halves, withSampledRows, withTokens } from './thinning.ts';

const share = (description: string) =>
  v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(1), v.description(`${description} Default 1.`)), 1);

const schema = v.strictObject({
  kind: v.literal('thin'),
  attention: share('Share of the tokens that attention works on; the others pass by it.'),
  mlp: share('Share of the tokens that the MLP works on.'),
  rows: share('Share of the rows of a saved input that the gradient of its weights is made from.'),
});

/**
 * Fewer activations by leaving some out. Tokens: uninformative ones skip a half of a layer, so that neither its work nor
 * its activations exist (LeMo, arXiv:2501.09767). Rows: the forward pass is whole, and the gradient of weights comes from
 * a sample of the saved rows (WTA-CRS, arXiv:2305.15265).
 */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'thin',
  description: 'Tokens skip attention or the MLP, or gradients of weights come from a sample of the saved rows',
  schema,
  rewrite: ({ attention, mlp, rows }, training) => {
    const thinned = (body: TrainBody): TrainBody => ({ ...body, ops: body.ops.map((op) => withSampledRows(op, rows)) });
    const parts = halves(training.layer);
    // The sums around a half carry every token.
    const half = (ops: readonly TrainBody['ops'][number][], kept: number) =>
      ops.map((op) => (op.name.startsWith('residual') ? op : withTokens(op, kept)));
    const layer = { ...training.layer, ops: [...half(parts.attention, attention), ...half(parts.mlp, mlp)] };
    return { ...training, layer: thinned(layer), head: thinned(training.head) };
  },
  create: () => planOf('thin'),
};
