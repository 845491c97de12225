import type { PlacementDefinition } from '../placement.ts';
import { nearDataSchema } from './schema.ts';

export const placement: PlacementDefinition<typeof nearDataSchema> = {
  kind: 'near-data',
  description: 'Weights on the GPU, decode attention in the drive that holds the KV cache',
  schema: nearDataSchema,
  create: async (fields, context) => new (await import('./nearData.ts')).NearDataPlacement(fields, context),
};
