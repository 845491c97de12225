import { InputError, parseQuantity } from '../input/index.ts';

/** A share given to a flag, such as `2%` or `0.02`. Throws InputError at the flag. */
export function readShare(text: string, flag: string): number {
  try {
    return parseQuantity(text, 'fraction');
  } catch (error) {
    throw error instanceof InputError ? error.at({ file: flag }) : error;
  }
}
