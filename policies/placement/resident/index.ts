import * as v from 'valibot';
import { MissingFactError } from '../../../sim/errors.ts';
import {
  type Actions,
  type Holding,
  NONE,
  type OpCursor,
  type Placement,
  type Plan,
  type Task,
} from '../../../sim/types/index.ts';
import { Exchange } from '../exchange.ts';
import { KvCache } from '../kvCache.ts';
import type { PlacementContext, PlacementDefinition } from '../placement.ts';
import { Expansion, unitOn } from '../units.ts';

const schema = v.strictObject({ kind: v.literal('resident') });

/** Everything in the fast memory: no transfers, one stream of kernels, the host waits once a step of the workload. */
export const placement: PlacementDefinition<typeof schema> = {
  kind: 'resident',
  description: 'All tensors in the fast memory for the whole run',
  schema,
  create: (_fields, context) => new ResidentPlacement(context),
};

class ResidentPlacement implements Placement {
  readonly kind = 'resident';
  readonly lookahead = 1;
  private readonly context: PlacementContext;
  private readonly memory: string;
  private readonly unit: string;
  private readonly expansion: Expansion;
  private readonly cache: KvCache;
  private readonly exchange: Exchange;
  /** The end of the op before: what it gives back, this one may take. */
  private tail: Task = NONE;

  constructor(context: PlacementContext) {
    const { machine } = context;
    const memory = machine.roles.fast;
    if (memory === undefined) throw new MissingFactError(`machine "${machine.id}" has no fast role`);
    this.context = context;
    this.memory = memory;
    const unit = unitOn(machine, memory);
    this.unit = unit.id;
    this.expansion = new Expansion(unit, context);
    this.cache = new KvCache(machine);
    this.exchange = new Exchange(context, memory);
  }

  plan(): Plan {
    const { program } = this.context;
    const held: Holding[] = [];
    // Under a KV policy the ops say what appears and what goes.
    const kinds = program.kv_policy === undefined ? (['weight', 'kv'] as const) : (['weight'] as const);
    for (const kind of kinds) {
      // A tied table is held once.
      const tensors = program.tensors.filter((tensor) => tensor.kind === kind && tensor.alias_of < 0);
      const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
      if (bytes > 0) held.push({ memory: this.memory, kind, bytes, what: kind === 'weight' ? 'weights' : 'KV cache' });
    }
    return { held, files: [], workers: [], page_cache: false, warnings: program.warnings ?? [] };
  }

  onOp(cursor: OpCursor, actions: Actions): void {
    const { op } = cursor;
    if (op.batch === 0 && cursor.at(-1)?.op.step !== op.step) {
      actions.host(this.context.machine.host?.step_s ?? 0, 'bookkeeping', NONE);
    }
    if (op.name === 'embed') actions.allocate(this.memory, 'activation', op.input_bytes, this.tail);
    const use = op.state?.use;
    const fetched = use === undefined ? this.tail : this.cache.before(actions, use, this.tail);
    const ready = this.expansion.before(actions, cursor, fetched);
    actions.allocate(this.memory, 'activation', op.output_bytes, ready);
    const computed = actions.run(this.unit, op.kernels, 'compute', ready, op.scratch_bytes);
    const done = this.exchange.after(actions, op, this.expansion.after(actions, op, computed));
    if (use !== undefined) this.cache.after(actions, use, done);
    actions.free(this.memory, 'activation', op.input_bytes, done);
    if (op.name === 'head') actions.free(this.memory, 'activation', op.output_bytes, done);
    this.tail = done;
    const next = cursor.at(1);
    if (next !== null && next.op.step === op.step) return;
    actions.barrier();
    this.cache.newStep();
    this.tail = NONE;
  }
}
