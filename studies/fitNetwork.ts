import type { Metrics } from '../sim/types/index.ts';
import type { Parts } from './resolve.ts';

/**
 * The smallest changes after which a network fits: patches, resolution, width, each alone.
 * @module
 */

type Cnn = Extract<Parts['workload'], { kind: 'cnn' }>;

/** Runs a change; undefined where it does not fit or makes no sense. */
export type Try = (
  what: string,
  changes: readonly (readonly [path: readonly string[], value: unknown])[],
) => Promise<
  { readonly what: string; readonly set: Readonly<Record<string, unknown>>; readonly metrics: Metrics } | undefined
>;

/** Sides and widths that are tried. */
const SIDE_STEP = 8;
const SMALLEST_SIDE = 32;
const WIDTH_STEP = 0.05;
const DIM_STEP = 32;

export type Change = Awaited<ReturnType<Try>>;

/** Each kind's smallest change that fits, in the order patches, resolution, width. */
export async function networkFits({ workload, policy }: Parts, attempt: Try): Promise<NonNullable<Change>[]> {
  if (workload.kind !== 'cnn') return [];
  const kind = policy?.schedule?.kind ?? 'layer';
  const patches = kind === 'auto' ? undefined : await patched(attempt);
  const both = patches
    ? undefined
    : await narrower(workload, (what, changes) =>
        attempt(`${what}, in patches`, [...changes, [['policy', 'schedule'], { kind: 'auto' }]]),
      );
  const square = workload.resolution === undefined || typeof workload.resolution === 'number';
  const found = [
    patches,
    square ? await smaller(workload, attempt) : undefined,
    await smallerDims(workload, attempt),
    await narrower(workload, attempt),
    both,
  ];
  return found.filter((change) => change !== undefined);
}

/** The patches and split with the least recomputation that fit, named so that they can be asked for. */
async function patched(attempt: Try): Promise<Change> {
  const found = await attempt('patches', [[['policy', 'schedule'], { kind: 'auto' }]]);
  if (!found) return undefined;
  const { 'patch.patches': patches, 'patch.layers': layers } = found.metrics;
  if (patches === undefined || layers === undefined) return undefined;
  const schedule = { kind: 'patch', patches, split: layers - 1 };
  return attempt(`${patches} x ${patches} patches up to layer ${layers - 1}`, [[['policy', 'schedule'], schedule]]);
}

async function smaller({ resolution }: Cnn, attempt: Try): Promise<Change> {
  const at = (side: number): Promise<Change> => attempt(`${side} px`, [[['workload', 'resolution'], side]]);
  const top = typeof resolution === 'number' ? resolution : LARGEST_SIDE;
  const steps = Math.floor((Math.min(top, LARGEST_SIDE) - 1) / SIDE_STEP);
  return largest(SMALLEST_SIDE / SIDE_STEP, steps, (n) => at(n * SIDE_STEP));
}

/** Open dimensions of a model file, all by one factor: what is scaled is a multiple that strided networks divide. */
async function smallerDims({ dims = {} }: Cnn, attempt: Try): Promise<Change> {
  const longest = Math.max(0, ...Object.values(dims));
  return largest(1, Math.ceil(longest / DIM_STEP) - 1, (n) => {
    const scaled = Object.entries(dims).map(([name, side]): [string, number] => {
      return [name, Math.max(1, Math.round((side * n) / longest)) * DIM_STEP];
    });
    const what = scaled.map(([name, side]) => `${name} ${side}`).join(', ');
    return attempt(what, [[['workload', 'dims'], Object.fromEntries(scaled)]]);
  });
}

/** Above every image a table of ours has. */
const LARGEST_SIDE = 640;

async function narrower({ width = 1 }: Cnn, attempt: Try): Promise<Change> {
  const steps = Math.ceil(width / WIDTH_STEP) - 1;
  return largest(1, steps, (n) => {
    const next = Math.round(n * WIDTH_STEP * 100) / 100;
    return attempt(`${next} of the channels`, [[['workload', 'width'], next]]);
  });
}

/** What `fits` gives for the largest n in `low` … `high` for which it gives anything, searched by halving. */
async function largest(low: number, high: number, fits: (n: number) => Promise<Change>): Promise<Change> {
  let best: Change;
  let [from, to] = [low, high];
  while (from <= to) {
    const middle = Math.ceil((from + to) / 2);
    const found = await fits(middle);
    if (found === undefined) to = middle - 1;
    else {
      best = found;
      from = middle + 1;
    }
  }
  return best;
}
