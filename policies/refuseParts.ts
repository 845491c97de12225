import { InputError } from '../input/index.ts';

/** Refuses parts of a policy that the workload's kind cannot use. */
export function refuseParts(kind: string, parts: Readonly<Record<string, unknown>>, usable: readonly string[]): void {
  const wrong = Object.keys(parts).find((part) => parts[part] !== undefined && !usable.includes(part));
  if (wrong === undefined) return;
  throw new InputError({
    code: 'bad_value',
    problem: `a ${kind} workload has no use for policy.${wrong}`,
    found: wrong,
    expected: usable.map((part) => `policy.${part}`).join(', '),
  });
}
