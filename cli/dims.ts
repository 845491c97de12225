import { InputError } from '../input/index.ts';

/**
 * Values of open dimensions from `--dim NAME=N`, given any number of times.
 * @throws InputError for anything else.
 */
export function readDims(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const match = /^(.+)=([1-9]\d{0,6})$/.exec(text);
      if (match) return [match[1]!, Number(match[2])] as const;
      throw new InputError({
        code: 'bad_value',
        problem: `${JSON.stringify(text)} gives no dimension a value`,
        found: text,
        expected: 'NAME=N, such as height=224',
        place: { file: '--dim' },
      });
    }),
  );
}
