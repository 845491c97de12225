import { InputError } from '../../input/index.ts';
import { bytesOf } from '../../sim/training/kernels.ts';
import type { Dtype, Saved } from '../../sim/types/index.ts';

/**
 * Saved tensors by name, `*` standing for anything, and the forms in which they can be kept.
 * @module
 */

export const FORMS = ['full', 'mask', 'none'] as const;
export type Form = (typeof FORMS)[number];

/** Share of a saved tensor's bytes that a form keeps: a mask is one bit an element. */
export function shareOf(form: Form, saved: Saved, dtype: Dtype): number {
  if (form === 'full') return 1;
  return form === 'none' ? 0 : 1 / (8 * (saved.mask === true ? 1 : bytesOf(dtype)));
}

/**
 * The names that a pattern matches.
 * @throws InputError where there is none.
 */
export function matching(pattern: string, names: readonly string[]): readonly string[] {
  const expression = new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );
  const matches = names.filter((name) => expression.test(name));
  if (matches.length > 0) return matches;
  throw new InputError({
    code: 'unknown_name',
    problem: `no saved tensor matches ${JSON.stringify(pattern)}`,
    found: pattern,
    expected: `a pattern of ${names.slice(0, 6).join(', ')}, …`,
  });
}
