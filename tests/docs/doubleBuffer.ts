import * as v from 'valibot';
import type { PlacementContext, PlacementDefinition } from '../../policies/placement/placement.ts';
import { unitOn } from '../../policies/placement/units.ts';
import { type Actions, NONE, type OpCursor, type Placement, type Plan, type Task } from '../../sim/types/index.ts';

const ahead = v.pipe(v.number(), v.integer(), v.minValue(0), v.description('Sub-layers fetched ahead.'));
const schema = v.strictObject({ kind: v.literal('double-buffer'), ahead: v.optional(ahead, 1) });
type Fields = v.InferOutput<typeof schema>;

/** Weights stay in host memory and are fetched one sub-layer at a time; everything else is on the device. */
export const placement: PlacementDefinition<typeof schema> = {
  kind: 'double-buffer',
  description: 'Weights fetched from host memory a few sub-layers ahead',
  schema,
  create: (fields, context) => doubleBuffer(fields, context),
};

function doubleBuffer({ ahead }: Fields, { machine, program }: PlacementContext): Placement {
  const { fast = 'gpu', host = 'cpu' } = machine.roles;
  const unit = unitOn(machine, fast).id;
  const bytes = program.layers.map(({ weights }) => weights.reduce((sum, tensor) => sum + tensor.bytes, 0));
  const { weight_bytes, kv_bytes } = program.summary;
  // Ends of the sub-layers computed since the last barrier, and of the last fetch.
  let computed: Task[] = [];
  let arrived: Task = NONE;
  return {
    kind: 'double-buffer',
    lookahead: 1,
    plan: (): Plan => ({
      held: [
        { memory: host, kind: 'weight', bytes: weight_bytes, what: 'weights' },
        { memory: fast, kind: 'kv', bytes: kv_bytes, what: 'KV cache' },
      ],
      files: [],
      workers: [],
      page_cache: false,
      warnings: [],
    }),
    onOp(cursor: OpCursor, actions: Actions): void {
      const { op, layer } = cursor;
      const next = cursor.at(1);
      if (op.batch === 0) {
        const room = actions.allocate(fast, 'weight', bytes[layer]!, computed.at(-1 - ahead) ?? NONE);
        const request = { from: host, to: fast, bytes: bytes[layer]!, stream: 'weight_read', after: room } as const;
        const how = { host_memory: 'pinned', queue: 'weights', workers: null, limit_bytes_per_s: Infinity } as const;
        arrived = actions.move({ ...request, ...how });
      }
      if (op.name === 'embed') actions.allocate(fast, 'activation', op.input_bytes, NONE);
      const output = actions.allocate(fast, 'activation', op.output_bytes, arrived);
      const done = actions.run(unit, op.kernels, 'compute', output, op.scratch_bytes);
      actions.free(fast, 'activation', op.input_bytes, done);
      if (op.name === 'head') actions.free(fast, 'activation', op.output_bytes, done);
      if (op.batch === program.batches - 1) {
        actions.free(fast, 'weight', bytes[layer]!, done);
        computed.push(done);
      }
      if (next?.op.step === op.step) return;
      actions.barrier();
      computed = [];
      arrived = NONE;
    },
  };
}
