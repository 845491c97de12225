import { DoesNotFitError, MissingFactError } from '../../sim/errors.ts';
import {
  type Actions,
  type ComputeUnit,
  type Holding,
  type Kernel,
  type Memory,
  type Network,
  NONE,
  type OpCursor,
  type Placement,
  type Plan,
  type Task,
} from '../../sim/types/index.ts';
import type { PlacementContext } from '../placement/placement.ts';
import { unitOn } from '../placement/units.ts';
import { strictLiveness } from '../planner/conventions.ts';
import type { MemoryPlan, Planner } from '../planner/planner.ts';
import type { Buffer, Schedule } from '../schedule/schedule.ts';
import type { Halo } from '../schedule/schema.ts';
import { layoutOf } from './layout.ts';
import { planMetrics } from './metrics.ts';
import { TileKernels } from './tiles.ts';

/**
 * Runs a network on the fast memory's compute unit: weights where the unit reads them in place, else beside the maps;
 * maps in an arena that a planner sized, or allocated and freed one by one where there is no planner.
 */
export class NetworkPlacement implements Placement {
  readonly kind = 'network';
  readonly lookahead = 0;
  private readonly context: PlacementContext;
  private readonly network: Network;
  private readonly memory: Memory;
  private readonly unit: ComputeUnit;
  private readonly schedule: Schedule;
  private readonly planner: Planner | null;
  private readonly halo: Halo;
  private readonly tiles: TileKernels;
  /** Buffers by the step that begins them, and by the last that needs them. */
  private readonly begun: readonly (readonly Buffer[])[];
  private readonly ended: readonly (readonly Buffer[])[];

  constructor(context: PlacementContext, schedule: Schedule, planner: Planner | null, halo: Halo) {
    this.context = context;
    this.network = schedule.network;
    this.memory = fastMemory(context);
    this.unit = unitOn(context.machine, this.memory.id);
    this.schedule = schedule;
    this.planner = planner;
    this.halo = halo;
    this.tiles = new TileKernels(schedule, halo);
    this.begun = byStep(schedule, ({ first }) => first);
    this.ended = byStep(schedule, ({ last }) => last);
  }

  /** @throws DoesNotFitError naming the layer whose step needs the most. */
  plan(): Plan {
    const { program } = this.context;
    const held: Holding[] = [];
    const weights = program.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    const home = this.unit.reads_in_place ?? this.memory.id;
    if (weights > 0) held.push({ memory: home, kind: 'weight', bytes: weights, what: 'weights' });
    const code = this.unit.code_bytes;
    if (code !== undefined) held.push({ memory: home, kind: 'table', bytes: code, what: 'program' });
    const plan = (this.planner ?? strictLiveness).plan(this.schedule);
    const beside = held.filter(({ memory }) => memory === this.memory.id);
    const room = arenaBytes(this.memory) - beside.reduce((sum, { bytes }) => sum + bytes, 0);
    if (room < 0) {
      const what = beside.map((holding) => holding.what).join(', ');
      throw new DoesNotFitError(
        this.memory.id,
        what,
        arenaBytes(this.memory) - room,
        arenaBytes(this.memory),
        0,
        beside,
      );
    }
    if (plan.peak_bytes > room) throw this.overflow(plan, room, this.missing(home, held));
    if (this.planner) {
      held.push({
        memory: this.memory.id,
        kind: 'activation',
        bytes: plan.peak_bytes,
        what: `arena (${this.planner.kind})`,
      });
    }
    return {
      held,
      files: [],
      workers: [],
      page_cache: false,
      warnings: [],
      metrics: planMetrics(this.memory.id, this.schedule, plan, this.halo),
      layout: layoutOf(this.memory.id, room, this.schedule, plan),
    };
  }

  /** Bytes by which constants overflow the memory they are read in; 0 where it is the one of the maps. */
  private missing(home: string, held: readonly Holding[]): number {
    const memory = this.context.machine.memories.find(({ id }) => id === home);
    if (memory === undefined || home === this.memory.id) return 0;
    const bytes = held.reduce((sum, holding) => sum + (holding.memory === home ? holding.bytes : 0), 0);
    return Math.max(0, bytes - (memory.capacity_bytes - memory.reserved_bytes));
  }

  private overflow(plan: MemoryPlan, room: number, missing_bytes: number): DoesNotFitError {
    const { step_bytes } = plan;
    const bytes = Math.max(...step_bytes);
    const worst = this.schedule.steps[step_bytes.indexOf(bytes)]!;
    const holders = this.schedule.buffers
      .filter(({ first, last }) => first <= worst.index && worst.index <= last)
      .map(({ name, bytes: size }) => ({ what: `map ${name}`, bytes: size }));
    if (plan.scratch_bytes > 0) holders.push({ what: 'scratch', bytes: plan.scratch_bytes });
    const over = step_bytes.filter((step) => step > room).length;
    const also = over > 1 ? `, the largest of ${over} layers that overflow,` : '';
    const home = this.unit.reads_in_place;
    const constants = missing_bytes > 0 ? ` (${home} is ${missing_bytes} bytes too small for the weights, too)` : '';
    const what = `the maps of layer "${worst.layer.name}"${constants}${also}`;
    return new DoesNotFitError(this.memory.id, what, Math.max(bytes, plan.peak_bytes), room, 0, holders);
  }

  /** What must end before the next step may take memory; maps are made and freed in the order of the steps. */
  private tail: Task = NONE;

  onOp({ op }: OpCursor, actions: Actions): void {
    const { stage, steps } = this.schedule;
    const patched = stage?.layers ?? 0;
    if (op.layer === 0 && stage !== null) this.runStage(actions);
    if (op.layer >= patched) this.runStep(steps[op.layer]!.index, op.kernels, actions, false);
    if (op.layer < this.network.layers.length - 1) return;
    this.release(steps.length - 1, actions);
    this.barrier(actions);
  }

  private barrier(actions: Actions): void {
    actions.barrier();
    this.tail = NONE;
  }

  /** Patches one after the other; what they share is there before the first. */
  private runStage(actions: Actions): void {
    const { patches, layers } = this.schedule.stage!;
    const isShared = (last: number): boolean => last >= layers;
    this.take(0, actions, isShared);
    for (let row = 0; row < patches; row++) {
      for (let column = 0; column < patches; column++) {
        for (let layer = 0; layer < layers; layer++) {
          this.runStep(layer, this.tiles.kernels(this.context.program, layer, row, column), actions, true);
        }
        this.barrier(actions);
      }
    }
  }

  private runStep(index: number, kernels: readonly Kernel[], actions: Actions, inStage: boolean): void {
    const layers = this.schedule.stage?.layers ?? 0;
    this.take(index, actions, (last) => !inStage || last < layers);
    this.tail = actions.run(this.unit.id, kernels, 'compute', this.tail);
    if (index < this.schedule.steps.length - 1) this.release(index, actions);
  }

  /** Takes the buffers that a step begins. */
  private take(index: number, actions: Actions, wanted: (last: number) => boolean): void {
    if (this.planner) return;
    for (const { bytes, last } of this.begun[index]!) {
      if (wanted(last)) this.tail = actions.allocate(this.memory.id, 'activation', bytes, this.tail);
    }
  }

  /** Gives back the buffers that a step was the last to need; those of the very last step are handed over first. */
  private release(index: number, actions: Actions): void {
    if (this.planner) return;
    for (const { bytes } of this.ended[index]!) {
      this.tail = actions.free(this.memory.id, 'activation', bytes, this.tail);
    }
  }
}

function byStep({ steps, buffers }: Schedule, stepOf: (buffer: Buffer) => number): Buffer[][] {
  const lists: Buffer[][] = steps.map(() => []);
  for (const buffer of buffers) lists[stepOf(buffer)]!.push(buffer);
  return lists;
}

export function fastMemory({ machine }: Pick<PlacementContext, 'machine'>): Memory {
  const memory = machine.memories.find(({ id }) => id === machine.roles.fast);
  if (memory === undefined) throw new MissingFactError(`machine "${machine.id}" has no fast role`);
  return memory;
}

/** Bytes one arena may take: what the system leaves, and no more than the largest bank. */
export function arenaBytes({ bank_bytes, capacity_bytes, reserved_bytes }: Memory): number {
  return Math.min(capacity_bytes - reserved_bytes, bank_bytes ?? Number.POSITIVE_INFINITY);
}
