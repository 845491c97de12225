import type { PlacementDefinition } from '../placement.ts';
import { neuronsSchema } from './schema.ts';

export const placement: PlacementDefinition<typeof neuronsSchema> = {
  kind: 'neurons',
  description: 'Weights on flash; whole layers, or the neurons that a predictor names, read for every token',
  schema: neuronsSchema,
  create: async (fields, context) => new (await import('./neurons.ts')).NeuronsPlacement(fields, context),
};
