import * as v from 'valibot';
import { type ActivationDefinition, planOf, savedOf } from './part.ts';
import { FORMS, matching, shareOf } from './patterns.ts';

const schema = v.strictObject({
  kind: v.literal('saved'),
  tensors: v.pipe(
    v.record(v.string(), v.picklist(FORMS)),
    v.description(
      'What is kept of saved tensors by name, `*` standing for anything: whole, one bit an element, or nothing; the last that matches counts.',
    ),
  ),
});

/**
 * What each op saves, said op by op: whole, as a 1-bit mask (a backward that needs a sign alone), or not at all (nothing that
 * trains needs it). Nothing runs again (MobileTL, arXiv:2212.03246).
 */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'saved',
  description: 'Saved tensors by name are kept whole, as a bit an element, or not at all; nothing runs again',
  schema,
  create: ({ tensors }, { training }) => {
    const all = savedOf(training);
    const names = all.map(({ name }) => name);
    const forms = new Map(
      Object.entries(tensors).flatMap(([pattern, form]) =>
        matching(pattern, names).map((name) => [name, form] as const),
      ),
    );
    const saved = all.flatMap((one) => {
      const form = forms.get(one.name);
      return form === undefined ? [] : [[one.name, { keep: shareOf(form, one, training.dtype), host: 0 }] as const];
    });
    return planOf('saved', { saved: Object.fromEntries(saved) });
  },
};
