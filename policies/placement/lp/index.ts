import type { PlacementDefinition } from '../placement.ts';
import { lpSchema } from './schema.ts';

/** FlexGen's policy search: linear programs over a grid of batch sizes, the best of them confirmed by simulation. */
export const placement: PlacementDefinition<typeof lpSchema> = {
  kind: 'lp',
  description: 'Percentages and batch sizes chosen by linear programming, then confirmed by simulation',
  schema: lpSchema,
  create: async (fields, context) => (await import('./search.ts')).search(fields, context),
};
