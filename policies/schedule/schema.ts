import * as v from 'valibot';
import { quantity } from '../../input/index.ts';

/** Patches per side beyond which a patch is smaller than what it shares with its neighbours in any network known. */
export const MAX_PATCHES = 16;

const split = v.pipe(
  v.union([v.pipe(v.number(), v.integer(), v.minValue(0)), v.string()]),
  v.description('The last layer that runs patch by patch: its number from 0, its name, or the name of its block.'),
);
const patches = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.maxValue(MAX_PATCHES),
  v.description('Patches on each side of the map that the patch stage makes.'),
);
const halo = v.optional(
  v.pipe(
    v.picklist(['unclipped', 'clipped', 'none']),
    v.description(
      '`unclipped`: every patch at full size, the borders filled with zeros, as runtimes do; `clipped`: border patches compute only what lies inside the image; `none`: patches see zeros where their neighbours are, so that nothing is computed twice and the network is another one.',
    ),
  ),
  'unclipped',
);

const layer = v.strictObject({ kind: v.literal('layer') });
const patch = v.strictObject({ kind: v.literal('patch'), patches, split, halo });
const auto = v.strictObject({
  kind: v.literal('auto'),
  max_patches: v.optional(patches, 8),
  limit_bytes: v.optional(
    quantity('bytes', {
      description: 'Bytes that maps may take at most. Default: what the memory has',
      exclusiveMin: 0,
    }),
  ),
  halo,
});

/** The order of work inside a network: layer by layer, patch by patch up to a layer, or the cheapest that fits. */
export const scheduleSchema = v.variant('kind', [layer, patch, auto]);
export type ScheduleFields = v.InferOutput<typeof scheduleSchema>;
export type Halo = 'unclipped' | 'clipped' | 'none';

export const SCHEDULES = [
  { kind: 'layer', description: 'Layer by layer, every map whole' },
  { kind: 'patch', description: 'The first layers patch by patch (MCUNetV2), the rest layer by layer' },
  { kind: 'auto', description: 'The patches and split with the least recomputation that fit the memory' },
] as const;
