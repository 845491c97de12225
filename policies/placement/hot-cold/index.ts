import type { PlacementDefinition } from '../placement.ts';
import { hotColdSchema } from './schema.ts';

export const placement: PlacementDefinition<typeof hotColdSchema> = {
  kind: 'hot-cold',
  description: 'Hot neurons on the GPU, cold ones computed on the CPU; or whole layers on either',
  schema: hotColdSchema,
  create: async (fields, context) => new (await import('./hotCold.ts')).HotColdPlacement(fields, context),
};
