import * as v from 'valibot';
import { InputError, quantity } from '../../../input/index.ts';
import { layerForwardSeconds, opForwardSeconds } from '../../../sim/training/chunk.ts';
import { deviceBytes, savedBytes, stageMemory } from '../../../sim/training/memory.ts';
import { unitsInFlight } from '../../../sim/training/schedule.ts';
import type { ActivationPlan } from '../../../sim/types/index.ts';
import { type ActivationContext, type ActivationDefinition, layerInput, planOf, sharesOf } from '../part.ts';
import { chainSchedule } from './chain.ts';
import { planLayer } from './layer.ts';

const schema = v.strictObject({
  kind: v.literal('optimal'),
  budget_bytes: v.optional(
    quantity('bytes', {
      description: 'Device memory for the activations of the layers. Default: what the rest of the step leaves',
      exclusiveMin: 0,
    }),
  ),
  alike: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Every layer follows one plan (an integer program); otherwise some may drop what others keep.'),
    ),
    false,
  ),
});

/**
 * The least recomputation that a memory allows. Where every layer's input fits, a program over the ops of a layer says what
 * to drop; where not even those fit, dynamic programming over the chain of layers says which inputs to keep.
 */
export const activations: ActivationDefinition<typeof schema> = {
  kind: 'optimal',
  description: 'The cheapest set of tensors to compute again within the memory that is left, by an exact program',
  schema,
  one_stack: true,
  solves: true,
  create: ({ budget_bytes, alike }, context) => {
    const { training, solver } = context;
    if (solver === null) throw new Error('activations of kind "optimal" need a solver');
    const budget = budget_bytes ?? roomForLayers(context);
    const { units, perUnit } = layersHeld(context);
    const { whole } = savedBytes(training.layer, null);
    const inner = whole - inputBytes(context);
    // Beside what all layers keep, one of them has its dropped tensors back.
    const kept_bytes = (budget - whole) / (units * perUnit - 1);
    const seconds = opForwardSeconds(context);
    const plan =
      units * perUnit * whole <= budget
        ? { dropped: {}, again: {}, again_s: 0 }
        : planLayer({ layer: training.layer, seconds, kept_bytes, alike }, solver);
    // One micro-batch at a time has the tensors of its layers back.
    if (plan === null) return overChain(context, (budget - inner) / units + inner);
    return planOf('optimal', {
      saved: sharesOf(training, ({ name }) => ({ keep: 1 - (plan.dropped[name] ?? 0), host: 0 })),
      again: plan.again,
      choices: { recomputed_share: plan.again_s / seconds.reduce((sum, s) => sum + s, 0) },
    });
  },
};

/** A chain of equal layers with one micro-batch's share of the room. */
function overChain(context: ActivationContext, room: number): ActivationPlan {
  const { training } = context;
  const { perUnit } = layersHeld(context);
  const input_bytes = inputBytes(context);
  const forward_s = layerForwardSeconds({ ...context, activations: planOf('keep') });
  const saved_bytes = savedBytes(training.layer, null).whole - input_bytes;
  const chain = Array.from({ length: perUnit }, () => ({ forward_s, input_bytes, saved_bytes }));
  const schedule = room > 0 ? chainSchedule(chain, room) : null;
  if (schedule === null) {
    throw new InputError({
      code: 'bad_value',
      problem: `no schedule fits: one layer's activations need ${Math.ceil(input_bytes + saved_bytes)} bytes`,
      expected: 'a larger budget_bytes, or fewer tokens a micro-batch',
    });
  }
  // The step's own forward is the first of the runs.
  const again = schedule.runs.reduce((sum, runs) => sum + runs, 0) / perUnit - 1;
  const input = layerInput(training);
  return planOf('optimal', {
    saved: sharesOf(training, ({ name }) => ({
      keep: name === input ? (schedule.checkpoints + 1) / perUnit : 0,
      host: 0,
    })),
    again: Object.fromEntries(training.layer.ops.map(({ name }) => [name, again])),
    choices: { recomputed_share: again, checkpoints: schedule.checkpoints + 1 },
  });
}

const inputBytes = ({ training }: ActivationContext): number => training.layer.ops[0]!.saves[0]?.bytes ?? 0;

/** Micro-batches in flight on the first stage, and layers of each. */
function layersHeld({ training }: ActivationContext): { readonly units: number; readonly perUnit: number } {
  const { layout, layers, trunk_layers } = training;
  const shape = { stages: layout.pipeline, chunks: layout.interleave, microbatches: layout.microbatches };
  const units = unitsInFlight(0, shape).reduce((sum, n) => sum + n, 0);
  return { units, perUnit: layers / (layout.pipeline * layout.interleave) - trunk_layers };
}

/** What the fullest stage leaves when its layers keep nothing but one layer's worth. */
function roomForLayers(context: ActivationContext): number {
  const { machine, training, optimizer } = context;
  const { layout } = training;
  const shape = { stages: layout.pipeline, chunks: layout.interleave, microbatches: layout.microbatches };
  const fast = machine.memories.find(({ id }) => id === machine.roles.fast);
  const capacity = fast === undefined ? Number.POSITIVE_INFINITY : fast.capacity_bytes - fast.reserved_bytes;
  const stages = [...new Set([0, layout.pipeline - 1])];
  const taken = stages.map((stage) => {
    const in_flight = Array.from({ length: layout.pipeline }, (_, at) => unitsInFlight(at, shape));
    const memory = stageMemory(training, planOf('keep'), optimizer, { in_flight }, stage);
    return deviceBytes(memory) - memory.layer_activation;
  });
  return Math.max(0, capacity - Math.max(...taken));
}
