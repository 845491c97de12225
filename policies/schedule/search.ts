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
    least_bytes: number,
    work: () => number,
    make: () => Schedule,
  ): PatchChoice => {
    let macs: number | undefined;
    let plan: ReturnType<PatchChoice['plan']> | undefined;
    return {
      patches,
      split,
      least_bytes,
      get macs() {
        macs ??= work();
        return macs;
      },
      plan() {
        if (plan === undefined) {
          const schedule = make();
          plan = { schedule, peak_bytes: planner.plan(schedule).peak_bytes };
        }
        return plan;
      },
    };
  };
  const bytesOf = (ids: readonly number[]): number[] => ids.map((id) => network.tensors[id]!.bytes);
  /** By layer, the largest map that it or a later one makes. */
  const later = network.layers.map(({ outputs }) => Math.max(...bytesOf(outputs)));
  for (let i = later.length - 2; i >= 0; i--) later[i] = Math.max(later[i]!, later[i + 1]!);
  yield choice(
    1,
    -1,
    0,
    () => total,
    () => layerByLayer(network),
  );
  for (let split = 0; split < network.layers.length - 1 && canSplitAfter(network, split); split++) {
    const cut = cutTensors(network, split);
    const side = Math.min(...cut.flatMap((id) => [network.tensors[id]!.height, network.tensors[id]!.width]));
    const merged = bytesOf(cut).reduce((sum, bytes) => sum + bytes, 0);
    const least = Math.max(merged, later[split + 1]!);
    for (let patches = 2; patches <= Math.min(max_patches, side); patches++) {
      yield choice(
        patches,
        split,
        least,
        () => total + recomputedMacs(network, patches, split, halo),
        () => patchByPatch(network, patches, split, halo),
      );
    }
  }
}

/**
 * The choice with the fewest multiply-adds whose peak is within the limit, of equal ones the lower peak; where none
 * fits, the one with the lowest peak. Choices are planned by rising work, and what cannot fit only where nothing else does.
 */
export function bestChoice(choices: Iterable<PatchChoice>, limit_bytes: number): PlannedChoice {
  const all = [...choices];
  const may = all.filter(({ least_bytes }) => least_bytes <= limit_bytes).sort((a, b) => a.macs - b.macs);
  let best: PatchChoice | undefined;
  for (const next of may) {
    if (best !== undefined && next.macs > best.macs) break;
    const { peak_bytes } = next.plan();
    if (peak_bytes <= limit_bytes && (best === undefined || peak_bytes < best.plan().peak_bytes)) best = next;
  }
  return planned(best ?? lowest(all));
}

/** The choice with the lowest peak; one whose least is above it is not planned. */
function lowest(choices: readonly PatchChoice[]): PatchChoice {
  return choices.reduce((low, next) => {
    const { peak_bytes } = low.plan();
    return next.least_bytes < peak_bytes && next.plan().peak_bytes < peak_bytes ? next : low;
  });
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
