import type { Network } from '../../sim/types/index.ts';
import type { Planner } from '../planner/planner.ts';
import { canSplitAfter, cutTensors, patchByPatch } from './patch.ts';
import { layerByLayer, type Schedule } from './schedule.ts';
import type { Halo } from './schema.ts';

/** One choice of patches and split, and what it costs. */
export interface PatchChoice {
  /** 1 = layer by layer. */
  readonly patches: number;
  /** Number of the last layer of the patch stage; −1 layer by layer. */
  readonly split: number;
  readonly peak_bytes: number;
  readonly macs: number;
  readonly schedule: Schedule;
}

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
  const choice = (schedule: Schedule, patches: number, split: number): PatchChoice => ({
    patches,
    split,
    peak_bytes: planner.plan(schedule).peak_bytes,
    macs: scheduledMacs(schedule, halo),
    schedule,
  });
  yield choice(layerByLayer(network), 1, -1);
  for (let split = 0; split < network.layers.length - 1 && canSplitAfter(network, split); split++) {
    const side = Math.min(
      ...cutTensors(network, split).flatMap((id) => [network.tensors[id]!.height, network.tensors[id]!.width]),
    );
    for (let patches = 2; patches <= Math.min(max_patches, side); patches++) {
      yield choice(patchByPatch(network, patches, split), patches, split);
    }
  }
}

/**
 * The choice with the fewest multiply-adds whose peak is within the limit, of equal ones the lower peak; where none
 * fits, the one with the lowest peak.
 */
export function bestChoice(choices: Iterable<PatchChoice>, limit_bytes: number): PatchChoice {
  let best: PatchChoice | null = null;
  for (const next of choices) {
    if (best === null || better(next, best, limit_bytes)) best = next;
    if (next.patches === 1 && next.peak_bytes <= limit_bytes) return next;
  }
  return best!;
}

function better(a: PatchChoice, b: PatchChoice, limit_bytes: number): boolean {
  const [aFits, bFits] = [a.peak_bytes <= limit_bytes, b.peak_bytes <= limit_bytes];
  if (aFits !== bFits) return aFits;
  if (!aFits) return a.peak_bytes < b.peak_bytes;
  return a.macs < b.macs || (a.macs === b.macs && a.peak_bytes < b.peak_bytes);
}

/** Choices that no other beats in both peak and multiply-adds, by falling peak. */
export function paretoChoices(choices: Iterable<PatchChoice>): PatchChoice[] {
  const sorted = [...choices].sort((a, b) => a.macs - b.macs || a.peak_bytes - b.peak_bytes);
  let lowest = Number.POSITIVE_INFINITY;
  return sorted.filter(({ peak_bytes }) => {
    if (peak_bytes >= lowest) return false;
    lowest = peak_bytes;
    return true;
  });
}
