import type { Network, NetworkLayer } from '../../sim/types/index.ts';

/**
 * What a piece of the stage's output needs of every tensor before it, along one axis. An output position o of a window
 * of k with stride s and padding p reads the inputs o·s − p … o·s − p + k − 1 (MCUNetV2, arXiv:2110.15352, section 3.2).
 * @module
 */

/** Positions from `from` up to, not including, `to`; may reach outside the map. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

export type Axis = 0 | 1;

/**
 * Per tensor id, the positions that are needed along an axis; undefined where none are. `last` is the number of the
 * stage's last layer, `wanted` the positions of its cut tensors. Without `overlap` a patch sees zeros where its
 * neighbours are, so that it reads its own share of every map and no more.
 */
export function neededAlong(
  network: Network,
  last: number,
  wanted: ReadonlyMap<number, Interval>,
  axis: Axis,
  overlap = true,
): (Interval | undefined)[] {
  const needed: (Interval | undefined)[] = new Array(network.tensors.length).fill(undefined);
  for (const [tensor, interval] of wanted) needed[tensor] = interval;
  for (let i = last; i >= 0; i--) {
    const layer = network.layers[i]!;
    const made = layer.outputs.map((id) => needed[id]).reduce(hull, undefined);
    // A patch beyond the map's edge makes nothing and so needs nothing.
    if (made === undefined || made.to <= made.from) continue;
    const read = readBy(layer, made, axis, overlap);
    for (const id of layer.inputs) needed[id] = hull(needed[id], read);
  }
  return needed;
}

function readBy({ reach, window }: NetworkLayer, made: Interval, axis: Axis, overlap: boolean): Interval {
  if (reach !== 'window') return made;
  const stride = window.stride[axis];
  if (!overlap) return { from: made.from * stride, to: made.to * stride };
  const before = window.padding[axis];
  return { from: made.from * stride - before, to: (made.to - 1) * stride - before + window.kernel[axis] };
}

function hull(a: Interval | undefined, b: Interval | undefined): Interval | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}

/** Positions of an interval that lie on the map. */
export function inside({ from, to }: Interval, side: number): number {
  return Math.max(0, Math.min(to, side) - Math.max(from, 0));
}
