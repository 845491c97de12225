import type { PlacementDefinition } from '../placement.ts';
import { onChipSchema } from './schema.ts';

export const placement: PlacementDefinition<typeof onChipSchema> = {
  kind: 'on-chip',
  description: 'Activations on chip, weights and KV streamed through a matrix-vector array',
  schema: onChipSchema,
  create: async (fields, context) => new (await import('./onChip.ts')).OnChipPlacement(fields, context),
};
