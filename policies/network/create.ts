import type { Network, Placement } from '../../sim/types/index.ts';
import type { PlacementContext } from '../placement/placement.ts';
import { strictLiveness } from '../planner/conventions.ts';
import { loadPlanner } from '../planner/registry.ts';
import { patchByPatch, splitLayer } from '../schedule/patch.ts';
import { layerByLayer, type Schedule } from '../schedule/schedule.ts';
import type { ScheduleFields } from '../schedule/schema.ts';
import { bestChoice, patchChoices } from '../schedule/search.ts';
import { arenaBytes, fastMemory, NetworkPlacement } from './placement.ts';

/** The parts of a policy that a network can use. */
export interface NetworkPolicy {
  readonly schedule?: ScheduleFields | undefined;
  readonly planner?: { readonly kind: string } | undefined;
}

/**
 * The placement of a network: layer by layer and every map allocated when it is made, unless the policy says otherwise.
 * @throws InputError for a split that the network does not have.
 */
export async function networkPlacement(
  policy: NetworkPolicy,
  network: Network,
  context: PlacementContext,
): Promise<Placement> {
  const planner = policy.planner === undefined ? null : await loadPlanner(policy.planner.kind);
  const fields = policy.schedule ?? { kind: 'layer' as const };
  const schedule = scheduleOf(fields, network, () => {
    const memory = fastMemory(context);
    const inPlace = context.machine.compute.some(
      (unit) => unit.memory === memory.id && unit.reads_in_place !== undefined,
    );
    const weights = inPlace ? 0 : context.program.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    const choices = patchChoices(network, planner ?? strictLiveness, maxPatches(fields), haloOf(fields));
    const limit = fields.kind === 'auto' ? fields.limit_bytes : undefined;
    return bestChoice(choices, Math.min(limit ?? Number.POSITIVE_INFINITY, arenaBytes(memory) - weights)).schedule;
  });
  return new NetworkPlacement(context, schedule, planner, haloOf(fields));
}

const haloOf = (fields: ScheduleFields) => (fields.kind === 'layer' ? ('unclipped' as const) : fields.halo);
const maxPatches = (fields: ScheduleFields): number => (fields.kind === 'auto' ? fields.max_patches : 1);

function scheduleOf(fields: ScheduleFields, network: Network, search: () => Schedule): Schedule {
  switch (fields.kind) {
    case 'layer':
      return layerByLayer(network);
    case 'auto':
      return search();
    case 'patch': {
      const last = splitLayer(network, fields.split);
      return fields.patches === 1 ? layerByLayer(network) : patchByPatch(network, fields.patches, last, fields.halo);
    }
  }
}
