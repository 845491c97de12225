import { formatPath, InputError, type Path } from '../input/index.ts';

/**
 * The points of a sweep: every combination of the values of its axes.
 * @module
 */

/** One `--vary path=a,b,c`. */
export interface Axis {
  readonly path: Path;
  readonly values: readonly unknown[];
}

export interface Point {
  /** Place in the whole sweep, whatever the shard: the last axis turns fastest. */
  readonly index: number;
  /** One value an axis, in the order of the axes. */
  readonly values: readonly unknown[];
}

/** Part `index` (1 … `count`) of a sweep that several machines share. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The number of combinations. */
export function countPoints(axes: readonly Axis[]): number {
  return axes.reduce((product, axis) => product * axis.values.length, 1);
}

/** The points of one shard in order; points are dealt out in turn, so that shards take about the same time. */
export function* points(axes: readonly Axis[], shard: Shard = { index: 1, count: 1 }): Generator<Point> {
  const count = countPoints(axes);
  for (let index = shard.index - 1; index < count; index += shard.count) {
    let rest = index;
    const values = axes
      .toReversed()
      .map((axis) => {
        const value = axis.values[rest % axis.values.length];
        rest = Math.floor(rest / axis.values.length);
        return value;
      })
      .toReversed();
    yield { index, values };
  }
}

/** The fields a point sets, by path, as results name them. */
export function settings(axes: readonly Axis[], point: Point): Record<string, unknown> {
  return Object.fromEntries(axes.map((axis, i) => [formatPath(axis.path), point.values[i]]));
}

/**
 * Reads `i/n`.
 * @throws InputError unless 1 ≤ i ≤ n.
 */
export function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match && index >= 1 && index <= count) return { index, count };
  throw new InputError({
    code: 'bad_value',
    problem: `${JSON.stringify(text)} is no part of a sweep`,
    expected: 'i/n with i from 1 to n, such as 1/4',
    place: { file: '--shard' },
  });
}
