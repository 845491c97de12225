import type { PlacementDefinition } from '../placement.ts';
import { LayerStreamPlacement } from './layerStream.ts';
import { layerStreamSchema } from './schema.ts';

/** Layers brought to the device one after another: Hugging Face Accelerate's hooks, DeepSpeed's ZeRO-Inference. */
export const placement: PlacementDefinition<typeof layerStreamSchema> = {
  kind: 'layer-stream',
  description: 'Whole layers fetched from host memory or disk just before use (Accelerate, ZeRO-Inference)',
  schema: layerStreamSchema,
  create: (fields, context) => new LayerStreamPlacement(fields, context),
};
