import type { Network } from '../../sim/types/index.ts';
import type { Planner } from '../planner/planner.ts';
import { canSplitAfter, cutTensors, patchByPatch, recomputedMacs } from './patch.ts';
import { layerByLayer, type Schedule } from './schedule.ts';
import type { Halo } from './schema.ts';

/** One choice of patches and split, and what it costs. */
export interface PatchChoice {
  /** 1 = layer by layer. */
  readonly patches: number;
  /** Number of the last layer of the patch stage; −1 layer by layer. */
  readonly split: number;
  readonly macs: number;
  /** What no planner can do with less: the merged maps, or the largest later one. */
  readonly least_bytes: number;
  /** The schedule and its peak, worked out when it is asked for. */
  plan(): { readonly schedule: Schedule; readonly peak_bytes: number };
}

/** A choice whose schedule has been planned. */
export type PlannedChoice = Omit<PatchChoice, 'plan' | 'least_bytes'> & ReturnType<PatchChoice['plan']>;

export const planned = (choice: PatchChoice): PlannedChoice => {
  const { patches, split, macs } = choice;
  return { patches, split, macs, ...choice.plan() };
};

/** Multiply-adds of a schedule, the recomputed ones included. */
export function scheduledMacs({ network, stage }: Schedule, halo: Halo): number {
  const total = network.layers.reduce((sum, { macs }) => sum + macs, 0);
  if (stage === null) return total;
  return total - stage.macs + (halo === 'clipped' ? stage.clipped_macs : stage.unclipped_macs);
}

/** Layer by layer, then every number of patches up to `max_patches` with every split. */
export function* patchChoices(
  network: Network,
  planner: Planner,
  max_patches: number,
  halo: Halo,
): Generator<PatchChoice> {
  const total = network.layers.reduce((sum, { macs }) => sum + macs, 0);
  const choice = (
    patches: number,
    split: number,
    macs: number,
    least_bytes: number,
    make: () => Schedule,
  ): PatchChoice => ({
    patches,
    split,
    macs,
    least_bytes,
    plan: () => {
      const schedule = make();
      return { schedule, peak_bytes: planner.plan(schedule).peak_bytes };
    },
  });
  const bytesOf = (ids: readonly number[]): number[] => ids.map((id) => network.tensors[id]!.bytes);
  /** By layer, the largest map that it or a later one makes. */
  const later = network.layers.map(({ outputs }) => Math.max(...bytesOf(outputs)));
  for (let i = later.length - 2; i >= 0; i--) later[i] = Math.max(later[i]!, later[i + 1]!);
  yield choice(1, -1, total, 0, () => layerByLayer(network));
  for (let split = 0; split < network.layers.length - 1 && canSplitAfter(network, split); split++) {
    const cut = cutTensors(network, split);
    const side = Math.min(...cut.flatMap((id) => [network.tensors[id]!.height, network.tensors[id]!.width]));
    const merged = bytesOf(cut).reduce((sum, bytes) => sum + bytes, 0);
    const least = Math.max(merged, later[split + 1]!);
    for (let patches = 2; patches <= Math.min(max_patches, side); patches++) {
      const macs = total + recomputedMacs(network, patches, split, halo);
      yield choice(patches, split, macs, least, () => patchByPatch(network, patches, split));
    }
  }
}

/**
 * The choice with the fewest multiply-adds whose peak is within the limit, of equal ones the lower peak; where none
 * fits, the one with the lowest peak. What does more work than the best that fits is not planned at all.
 */
export function bestChoice(choices: Iterable<PatchChoice>, limit_bytes: number): PlannedChoice {
  let best: PlannedChoice | null = null;
  for (const next of choices) {
    const fits = best !== null && best.peak_bytes <= limit_bytes;
    if (best !== null && next.least_bytes > (fits ? limit_bytes : best.peak_bytes)) continue;
    if (best !== null && fits && next.macs > best.macs) continue;
    const full = planned(next);
    if (best === null || better(full, best, limit_bytes)) best = full;
    if (full.patches === 1 && full.peak_bytes <= limit_bytes) return full;
  }
  return best!;
}

function better(a: PlannedChoice, b: PlannedChoice, limit_bytes: number): boolean {
  const [aFits, bFits] = [a.peak_bytes <= limit_bytes, b.peak_bytes <= limit_bytes];
  if (aFits !== bFits) return aFits;
  if (!aFits) return a.peak_bytes < b.peak_bytes;
  return a.macs < b.macs || (a.macs === b.macs && a.peak_bytes < b.peak_bytes);
}

/** Choices that no other beats in both peak and multiply-adds, by falling peak. */
export function paretoChoices(choices: Iterable<PatchChoice>): PlannedChoice[] {
  const sorted = [...choices].map(planned).sort((a, b) => a.macs - b.macs || a.peak_bytes - b.peak_bytes);
  let lowest = Number.POSITIVE_INFINITY;
  return sorted.filter(({ peak_bytes }) => {
    if (peak_bytes >= lowest) return false;
    lowest = peak_bytes;
    return true;
  });
}
