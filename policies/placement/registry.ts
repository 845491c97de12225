import { placement as percent } from './percent/index.ts';
import type { PlacementDefinition } from './placement.ts';
import { placement as resident } from './resident/index.ts';

/** Every placement kind, one line each. */
export const PLACEMENTS = [resident, percent] as const;

export type PlacementFields = Parameters<(typeof PLACEMENTS)[number]['create']>[0];

/** The definition of a kind that the schema has accepted. */
export function placementOf(kind: string): PlacementDefinition {
  return PLACEMENTS.find((definition) => definition.kind === kind) as unknown as PlacementDefinition;
}
