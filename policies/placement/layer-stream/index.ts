import type { PlacementDefinition } from '../placement.ts';
import { layerStreamSchema } from './schema.ts';

/** Layers brought to the device one after another: Hugging Face Accelerate's hooks, DeepSpeed's ZeRO-Inference. */
export const placement: PlacementDefinition<typeof layerStreamSchema> = {
  kind: 'layer-stream',
  description: 'Whole layers fetched from host memory or disk just before use (Accelerate, ZeRO-Inference)',
  schema: layerStreamSchema,
  create: async (fields, context) => new (await import('./layerStream.ts')).LayerStreamPlacement(fields, context),
};
