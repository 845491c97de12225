import type { Curve } from '../sim/types/units.ts';

/** Points of the curve: between them the law bends by less than a thousandth. */
const STEPS = 40;

/**
 * Fraction of its peak that a DRAM channel carries, by read share r. Refresh takes its part, (tRFC + tRP + tRCD + tRTP) ÷
 * tREFI; and writes are drained in batches, so the bus turns round in proportion to the rarer direction:
 * refresh ÷ (1 + turnaround × min(r, 1 − r)).
 */
export function readShareCurve(dram: { readonly refresh_fraction: number; readonly turnaround: number }): Curve {
  return Array.from({ length: STEPS + 1 }, (_, i) => {
    const share = i / STEPS;
    return [share, dram.refresh_fraction / (1 + dram.turnaround * Math.min(share, 1 - share))] as const;
  });
}
