import { InputError, parseQuantity } from '../input/index.ts';

/** Whole bytes of a flag, such as 1048576 or `1 MiB`. @throws InputError naming the flag */
export function bytesOf(text: string, flag: string): number {
  const bytes = parseQuantity(text, 'bytes');
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  const expected = 'a whole number of bytes above 0';
  throw new InputError({ code: 'out_of_range', problem: `${flag} is ${bytes} bytes`, expected });
}
