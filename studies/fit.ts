import { type Assignment, formatPath, InputError, isMap, type Path } from '../input/index.ts';
import type { Metrics } from '../sim/types/index.ts';
import { networkFits, type Try } from './fitNetwork.ts';
import { trainingFits } from './fitTraining.ts';
import type { Outcome } from './outcome.ts';
import type { Parts } from './resolve.ts';

/**
 * What to change so that work fits, found by really running the changed work: never a guess from sizes.
 * @module
 */

/** A change after which the work fits. */
export interface FittingChange {
  readonly what: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly metrics: Metrics;
}

/** Runs the case with further assignments; null where they are not a valid study on this machine. */
export type Attempt = (changes: readonly Assignment[]) => Promise<Outcome>;

/** Workload fields that hold memory in proportion to their value. */
const SIZES: readonly { readonly field: string; readonly what: string }[] = [
  { field: 'batch', what: 'a smaller batch' },
  { field: 'batches', what: 'fewer batches' },
  { field: 'microbatch', what: 'a smaller micro-batch' },
];

/** Weights stored in these bits, the published group-wise quantisations. */
const BITS = [8, 4] as const;

/** Devices of a node that share a model. */
const DEVICES = [2, 4, 8] as const;

/** GPU shares of the weights that are tried, in percent. */
const STEP_PERCENT = 5;

interface Rung {
  readonly what: string;
  readonly kv: readonly [number, number];
  readonly activations: readonly [number, number];
}

/** Where KV and activations go while the weights leave the fast memory, from the nearest to the farthest. */
const RUNGS: readonly Rung[] = [
  { what: 'part of the weights on the host', kv: [100, 0], activations: [100, 0] },
  { what: 'the KV cache and part of the weights on the host', kv: [0, 100], activations: [100, 0] },
  { what: 'the KV cache, activations and part of the weights on the host', kv: [0, 100], activations: [0, 100] },
];

/** Shares of the weights in host memory once the rest of them, and then the cache, are on disk. */
const DISK_SHARES = [75, 50, 25, 0] as const;

/**
 * Changes that make the work fit, nearest first: of each kind the smallest one. Sizes are searched by halving, so they
 * assume that less of a size never needs more memory. Empty when nothing that was tried fits.
 */
export async function findFits(parts: Parts, attempt: Attempt): Promise<FittingChange[]> {
  const found: FittingChange[] = [];
  const keep = (change: FittingChange | undefined): void => void (change && found.push(change));
  const { kind } = parts.workload;
  if (kind === 'cnn' || kind === 'train') {
    const tried: Try = (what, changes) =>
      change(
        what,
        changes.map(([path, value]) => set(path, value)),
        attempt,
      );
    for (const { field, what } of SIZES) keep(await smallerSize(parts, field, what, attempt));
    found.push(...(await networkFits(parts, tried)), ...(await trainingFits(parts, tried)));
    return found;
  }
  keep(await fusedAttention(parts, attempt));
  keep(await moreDevices(parts, attempt));
  for (const { field, what } of SIZES) keep(await smallerSize(parts, field, what, attempt));
  keep(await fewerBits(attempt));
  keep(await movedOut(attempt, []));
  if (found.length === 0) keep(await movedOut(attempt, smallestSizes(parts)));
  return found;
}

/** Score matrices that never exist need no room. */
async function fusedAttention({ workload }: Parts, attempt: Attempt): Promise<FittingChange | undefined> {
  if (!('attention_kernel' in workload) || workload.attention_kernel === 'flash') return undefined;
  return change('fused attention', [set(['workload', 'attention_kernel'], 'flash')], attempt);
}

/** The fewest devices of one node that hold the model together. */
async function moreDevices({ workload }: Parts, attempt: Attempt): Promise<FittingChange | undefined> {
  if (workload.kind !== 'generate') return undefined;
  for (const devices of DEVICES.filter((n) => n > workload.tensor_parallel)) {
    const shared = [set(['workload', 'tensor_parallel'], devices)];
    const fits = await change(`shared by ${devices} devices`, shared, attempt);
    if (fits) return fits;
  }
  return undefined;
}

async function smallerSize(
  { workload }: Parts,
  field: string,
  what: string,
  attempt: Attempt,
): Promise<FittingChange | undefined> {
  const now: unknown = (workload as Readonly<Record<string, unknown>>)[field];
  if (typeof now !== 'number' || now <= 1) return undefined;
  return largestThatFits(1, now - 1, (size) => change(what, [set(['workload', field], size)], attempt));
}

async function fewerBits(attempt: Attempt): Promise<FittingChange | undefined> {
  for (const bits of BITS) {
    const fits = await change(
      `weights and KV cache in ${bits} bits`,
      [set(['policy', 'precision', 'weight_bits'], bits), set(['policy', 'precision', 'kv_bits'], bits)],
      attempt,
    );
    if (fits) return fits;
  }
  return undefined;
}

/** The highest rung, and on it the largest share of weights in fast memory, that fits. */
async function movedOut(attempt: Attempt, also: readonly Assignment[]): Promise<FittingChange | undefined> {
  const suffix = also.length > 0 ? `, ${also.map(({ path, value }) => `${path.at(-1)} ${value}`).join(', ')}` : '';
  for (const { what, kv, activations } of RUNGS) {
    const fits = await largestThatFits(0, 100 / STEP_PERCENT, (steps) => {
      const weights = [steps * STEP_PERCENT, 100 - steps * STEP_PERCENT];
      return change(`${what}${suffix}`, [...also, placement({ weights, kv, activations })], attempt);
    });
    if (fits) return fits;
  }
  for (const kv of [
    [0, 100],
    [0, 0],
  ]) {
    for (const share of DISK_SHARES) {
      const what = `part of the weights${kv[1] === 0 ? ' and the KV cache' : ''} on disk${suffix}`;
      const moved = placement({ weights: [0, share], kv, activations: [0, 100] });
      const fits = await change(what, [...also, moved], attempt);
      if (fits) return fits;
    }
  }
  return undefined;
}

function smallestSizes({ workload }: Parts): Assignment[] {
  const fields = workload as Readonly<Record<string, unknown>>;
  return SIZES.filter(({ field }) => typeof fields[field] === 'number' && fields[field] > 1).map(({ field }) =>
    set(['workload', field], 1),
  );
}

const set = (path: Path, value: unknown): Assignment => ({ path, value, from: 'a change that may fit' });

function placement(fields: Readonly<Record<string, unknown>>): Assignment {
  return set(['policy', 'placement'], { kind: 'percent', ...fields });
}

/** The change if the work fits with it; a change that this machine or workload cannot use is none. */
async function change(
  what: string,
  assignments: readonly Assignment[],
  attempt: Attempt,
): Promise<FittingChange | undefined> {
  try {
    const outcome = await attempt(assignments);
    if (outcome.status !== 'ran') return undefined;
    const fields = Object.fromEntries(assignments.map(({ path, value }) => [formatPath(path), value]));
    return { what, set: fields, metrics: outcome.metrics };
  } catch (error) {
    if (error instanceof InputError || (error instanceof Error && error.name === 'PolicyError')) return undefined;
    throw error;
  }
}

/** What `fits` gives for the largest n in `low` … `high` for which it gives anything, searched by halving. */
async function largestThatFits<T>(
  low: number,
  high: number,
  fits: (n: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  let best = await fits(low);
  if (best === undefined) return undefined;
  let [from, to] = [low + 1, high];
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

/** A change as flags that can be pasted: `--set workload.batch=8`. */
export function asFlags(set: Readonly<Record<string, unknown>>): string {
  return Object.entries(set)
    .map(([path, value]) => {
      const plain = typeof value !== 'object' && !/[\s'"]/.test(String(value));
      return plain ? `--set ${path}=${value}` : `--set '${path}=${flow(value)}'`;
    })
    .join(' ');
}

/** A value in YAML's flow style. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (isMap(value))
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}: ${flow(item)}`)
      .join(', ')}}`;
  return String(value);
}
