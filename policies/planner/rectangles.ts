/**
 * Addresses for buffers that overlap in time.
 * @module
 */

/** A buffer to place; steps are both included. */
export interface Request {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Placed extends Request {
  readonly offset: number;
}

/** Whether two closed intervals of steps share one. */
export const meet = (a: Request, b: Request): boolean => a.first <= b.last && b.first <= a.last;

/**
 * The lowest offset at which `bytes` fit between the `obstacles` (sorted by their ends' order of offset or not), and the
 * free gap that it found there (Infinity above the last one).
 */
export function lowestGap(
  bytes: number,
  obstacles: readonly { readonly offset: number; readonly bytes: number }[],
): number {
  const sorted = [...obstacles].sort((a, b) => a.offset - b.offset);
  let at = 0;
  for (const { offset, bytes: size } of sorted) {
    if (offset - at >= bytes) return at;
    at = Math.max(at, offset + size);
  }
  return at;
}

/**
 * The offset of the smallest gap that holds the request between those it meets in time, the lower of equal ones; above
 * all of them where none does. `placed` stands by rising offset.
 */
export function tightestGap(request: Request, placed: readonly Placed[]): number {
  let at = 0;
  let best = -1;
  let slack = Number.POSITIVE_INFINITY;
  for (const other of placed) {
    if (!meet(other, request)) continue;
    const spare = other.offset - at - request.bytes;
    if (spare >= 0 && spare < slack) {
      best = at;
      slack = spare;
    }
    at = Math.max(at, other.offset + other.bytes);
  }
  return best >= 0 ? best : at;
}

/** Top of what is placed. */
export const topOf = (placed: readonly Placed[]): number =>
  placed.reduce((top, { offset, bytes }) => Math.max(top, offset + bytes), 0);
