import type { Request } from '../rectangles.ts';
import { Mapper } from './solve.ts';

/** Turns after which the best plan so far stands; a count, not a clock, so that equal inputs give equal plans. */
const TURNS = 2000;

/** The lowest offsets that first fit in several orders and then the exact search find; alike steps are both included. */
export function lowestOffsets(requests: readonly Request[]): number[] {
  const offsets = new Array<number>(requests.length).fill(0);
  const sized = requests.flatMap(({ bytes, first, last }, i) =>
    bytes > 0 ? [{ i, id: String(i), lower: first, upper: last + 1, size_bytes: bytes }] : [],
  );
  if (sized.length === 0) return offsets;
  const mapper = new Mapper(sized);
  for (let turn = 0; turn < TURNS && !mapper.done; turn++) mapper.step();
  const plan = mapper.plan();
  for (const [k, { i }] of sized.entries()) offsets[i] = plan.offsets[k]!;
  return offsets;
}
