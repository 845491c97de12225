import type { Kernel, Program } from '../../sim/types/index.ts';
import type { Schedule } from '../schedule/schedule.ts';
import type { Halo } from '../schedule/schema.ts';

/** Kernels of the patch stage: the layer's own, with the share of its work that one patch does. */
export class TileKernels {
  private readonly schedule: Schedule;
  private readonly halo: Halo;
  /** By layer and share, so that equal patches are one kernel. */
  private readonly known = new Map<string, readonly Kernel[]>();

  constructor(schedule: Schedule, halo: Halo) {
    this.schedule = schedule;
    this.halo = halo;
  }

  kernels(program: Program, layer: number, row: number, column: number): readonly Kernel[] {
    const stage = this.schedule.stage!;
    const clipped = stage.shares[layer]!;
    const share = this.halo === 'clipped' ? clipped.rows[row]! * clipped.columns[column]! : stage.full_share[layer]!;
    const key = `${layer}:${share}`;
    const found = this.known.get(key);
    if (found) return found;
    const [segment] = program.segments();
    const made = segment!.ops[layer]!.kernels.map((kernel) => ({
      ...kernel,
      flops: kernel.flops * share,
      activation_bytes: kernel.activation_bytes * share,
      ...(kernel.layer && { layer: { ...kernel.layer, share } }),
    }));
    this.known.set(key, made);
    return made;
  }
}
