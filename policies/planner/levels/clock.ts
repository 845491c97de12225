import { CopyQueues } from './copyQueues.ts';
import type { Access, LevelPlan } from './plan.ts';
import { copyRate, type LevelProgram, opTime, slowestOf } from './program.ts';

/** What a plan costs. */
export interface PlanCost {
  readonly elapsed_s: number;
  /** Bytes that ops and copies move at each memory. */
  readonly bytes: readonly number[];
}

/**
 * Runs a program under a plan: ops in turn, copies in queues beside them (openxla/xla, memory_space_assignment/
 * simulator.cc). Every memory but the fastest has a pair of queues, for copies from it to faster ones and back, which move
 * while ops leave it idle. Its tables are kept from run to run.
 */
export class PlanClock {
  private readonly program: LevelProgram;
  private readonly accesses: readonly Access[];
  /** The queues of memory `m` at `m - 1`. */
  private readonly queues: readonly CopyQueues[];
  /** Accesses of op `i`: `first[i] .. first[i + 1]`. */
  private readonly first: Int32Array;
  /** Copies that begin after op `i`, and copies and write-backs that are waited for there, as chains of accesses. */
  private readonly startHead: Int32Array;
  private readonly startNext: Int32Array;
  private readonly heldHead: Int32Array;
  private readonly heldNext: Int32Array;
  private readonly givenHead: Int32Array;
  private readonly givenNext: Int32Array;
  /** Number of the last write-back of each buffer, or -1. */
  private readonly writing: Int32Array;
  /** Bytes of the op at each memory, and of the whole program. */
  private readonly now: Float64Array;
  private readonly sum: Float64Array;

  constructor(program: LevelProgram, accesses: readonly Access[]) {
    const { levels, ops, buffers } = program;
    this.program = program;
    this.accesses = accesses;
    this.queues = levels.memories.slice(1).map((_, m) => new CopyQueues(copyRate(levels, m + 1)));
    this.first = new Int32Array(ops.length + 1);
    for (const { op } of accesses) this.first[op + 1]!++;
    for (let i = 0; i < ops.length; i++) this.first[i + 1]! += this.first[i]!;
    this.startHead = new Int32Array(ops.length);
    this.heldHead = new Int32Array(ops.length);
    this.givenHead = new Int32Array(ops.length);
    this.startNext = new Int32Array(accesses.length);
    this.heldNext = new Int32Array(accesses.length);
    this.givenNext = new Int32Array(accesses.length);
    this.writing = new Int32Array(buffers.length);
    this.now = new Float64Array(levels.memories.length);
    this.sum = new Float64Array(levels.memories.length);
  }

  /** Every access without an action uses the slowest memory. */
  run(plan: LevelPlan): PlanCost {
    const { program, accesses, queues, first, startHead, startNext, heldHead, heldNext, writing, now, sum } = this;
    const { levels, ops, buffers } = program;
    const { actions, placeOf } = plan;
    const slowest = slowestOf(levels);
    const home = queues[slowest - 1]!;
    this.begin(plan);
    let time = 0;
    let writes = 0;
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i]!;
      now.fill(0);
      for (let k = first[i]!; k < first[i + 1]!; k++) {
        const { buffer, write } = accesses[k]!;
        const action = actions[k];
        const place = placeOf[k] ?? slowest;
        now[place]! += buffers[buffer]!.bytes;
        if (place === slowest) {
          if (!write && writing[buffer]! >= 0) time += this.wait(slowest, 'write', writing[buffer]!);
        } else if (action?.do === 'copy') time += this.waitCopy(plan, k);
      }
      const times = op.times ?? 1;
      const seconds = opTime(levels, op.flops, now) * times;
      time += seconds;
      for (let m = 0; m < now.length; m++) {
        sum[m]! += now[m]! * times;
        if (m > 0) queues[m - 1]!.pass(seconds - (now[m]! / levels.memories[m]!.bytes_per_s) * times);
      }
      for (let k = first[i]!; k < first[i + 1]!; k++) {
        if (plan.writtenBy[k] === undefined) continue;
        const { buffer } = accesses[k]!;
        const { bytes } = buffers[buffer]!;
        sum[placeOf[k]!]! += bytes;
        sum[slowest]! += bytes;
        writing[buffer] = writes;
        home.push('write', writes++, bytes);
      }
      for (let k = this.givenHead[i]!; k >= 0; k = this.givenNext[k]!) {
        const id = writing[accesses[k]!.buffer]!;
        if (id >= 0) time += this.wait(slowest, 'write', id);
      }
      for (let k = startHead[i]!; k >= 0; k = startNext[k]!) {
        const { buffer } = accesses[k]!;
        const fromHome = sourceOf(plan, k) === undefined;
        if (fromHome && writing[buffer]! >= 0) time += this.wait(slowest, 'write', writing[buffer]!);
        this.start(plan, k);
      }
      for (let k = heldHead[i]!; k >= 0; k = heldNext[k]!) time += this.waitCopy(plan, k);
    }
    return { elapsed_s: time, bytes: [...sum] };
  }

  /** Empties the tables and fills them from a plan. */
  private begin(plan: LevelPlan): void {
    const { accesses, startHead, startNext, heldHead, heldNext, givenHead, givenNext, sum } = this;
    const { buffers } = this.program;
    const { actions, placeOf, writtenBy, heldBy } = plan;
    for (const queues of this.queues) queues.clear();
    startHead.fill(-1);
    heldHead.fill(-1);
    givenHead.fill(-1);
    this.writing.fill(-1);
    sum.fill(0);
    for (let k = accesses.length - 1; k >= 0; k--) {
      const action = actions[k];
      if (action?.do === 'copy' && action.start >= 0) {
        startNext[k] = startHead[action.start]!;
        startHead[action.start] = k;
      }
      const held = heldBy[k];
      if (held !== undefined) {
        heldNext[k] = heldHead[held]!;
        heldHead[held] = k;
      }
      const end = writtenBy[k];
      if (end === undefined) continue;
      givenNext[k] = givenHead[end]!;
      givenHead[end] = k;
    }
    for (let k = 0; k < accesses.length; k++) {
      const action = actions[k];
      if (action?.do !== 'copy') continue;
      const { bytes } = buffers[accesses[k]!.buffer]!;
      sum[placeOf[k]!]! += bytes;
      sum[sourceOf(plan, k) ?? sum.length - 1]! += bytes;
      // Inputs may be on their way before the first op.
      if (action.start < 0) this.start(plan, k);
    }
  }

  /** The memory whose queues a copy stands in, the slower of the two, and whether it is read there. */
  private queueOf(plan: LevelPlan, k: number): readonly [number, 'read' | 'write'] {
    const source = sourceOf(plan, k) ?? this.queues.length;
    const place = plan.placeOf[k]!;
    return source > place ? [source, 'read'] : [place, 'write'];
  }

  private start(plan: LevelPlan, k: number): void {
    const [memory, queue] = this.queueOf(plan, k);
    // Write-backs are numbered from 0, demotions below it.
    const id = queue === 'write' ? -1 - k : k;
    this.queues[memory - 1]!.push(queue, id, this.program.buffers[this.accesses[k]!.buffer]!.bytes);
  }

  private waitCopy(plan: LevelPlan, k: number): number {
    const [memory, queue] = this.queueOf(plan, k);
    return this.wait(memory, queue, queue === 'write' ? -1 - k : k);
  }

  /** Waits for one copy; no op runs meanwhile, so the queues of the other memories go on too. */
  private wait(memory: number, queue: 'read' | 'write', id: number): number {
    const { queues } = this;
    const seconds = queues[memory - 1]!.wait(queue, id);
    if (seconds > 0) for (let m = 1; m <= queues.length; m++) if (m !== memory) queues[m - 1]!.pass(seconds);
    return seconds;
  }
}

/** The fast memory that a copy comes from; undefined where it comes from the slowest. */
function sourceOf({ actions }: LevelPlan, k: number): number | undefined {
  const action = actions[k];
  return action?.do === 'copy' ? action.from : undefined;
}
