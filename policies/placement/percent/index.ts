import type { PlacementDefinition } from '../placement.ts';
import { percentSchema } from './schema.ts';

/** FlexGen's placement (Sheng et al., ICML 2023): percentages per tensor kind and a zig-zag block of batches. */
export const placement: PlacementDefinition<typeof percentSchema> = {
  kind: 'percent',
  description: 'Percent of weights, KV and activations on GPU, CPU and disk; six overlapped streams (FlexGen)',
  schema: percentSchema,
  create: async (fields, context) => new (await import('./percent.ts')).PercentPlacement(fields, context),
};
