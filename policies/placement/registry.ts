import { placement as hotCold } from './hot-cold/index.ts';
import { placement as layerStream } from './layer-stream/index.ts';
import { placement as lp } from './lp/index.ts';
import { placement as nearData } from './near-data/index.ts';
import { placement as neurons } from './neurons/index.ts';
import { placement as onChip } from './on-chip/index.ts';
import { placement as percent } from './percent/index.ts';
import type { PlacementDefinition } from './placement.ts';
import { placement as resident } from './resident/index.ts';

/** Every placement kind, one line each. */
export const PLACEMENTS = [resident, percent, layerStream, lp, onChip, neurons, nearData, hotCold] as const;

export type PlacementFields = Parameters<(typeof PLACEMENTS)[number]['create']>[0];

/** The definition of a kind that the schema has accepted. */
export function placementOf(kind: string): PlacementDefinition {
  return PLACEMENTS.find((definition) => definition.kind === kind) as unknown as PlacementDefinition;
}
