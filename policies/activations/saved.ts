import * as v from 'valibot';
import { InputError } from '../../input/index.ts';
import type { Training } from '../../sim/types/index.ts';
import { type ActivationDefinition, DROPPED, KEPT, planOf, savedOf } from './part.ts';

const schema = v.strictObject({
  kind: v.literal('saved'),
  tensors: v.pipe(
    v.record(v.string(), v.picklist(['full', 'mask', 'none'])),
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
    const names = savedOf(training).map(({ name }) => name);
    const mask = { keep: 1 / (8 * elementBytes(training)), host: 0 };
    const forms = { full: KEPT, mask, none: DROPPED } as const;
    const saved = Object.entries(tensors).flatMap(([pattern, form]) => {
      const matches = names.filter((name) => matcher(pattern).test(name));
      if (matches.length === 0) throw unmatched(pattern, names);
      return matches.map((name) => [name, forms[form]] as const);
    });
    return planOf('saved', { saved: Object.fromEntries(saved) });
  },
};

const elementBytes = ({ dtype }: Training): number => (dtype === 'fp32' ? 4 : dtype === 'int8' ? 1 : 2);

const matcher = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

function unmatched(pattern: string, names: readonly string[]): InputError {
  return new InputError({
    code: 'unknown_name',
    problem: `no saved tensor matches ${JSON.stringify(pattern)}`,
    found: pattern,
    expected: `a pattern of ${names.slice(0, 6).join(', ')}, …`,
  });
}
