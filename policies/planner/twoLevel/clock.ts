import { CopyQueues } from './copyQueues.ts';
import type { Access, TwoLevelPlan } from './plan.ts';
import { opTime, type TwoLevelProgram } from './program.ts';

/** What a plan costs. */
export interface PlanCost {
  readonly elapsed_s: number;
  /** Bytes that ops and copies move at each memory. */
  readonly fast_bytes: number;
  readonly slow_bytes: number;
}

/**
 * Runs a program under a plan: ops in turn, copies in two queues beside them (openxla/xla,
 * memory_space_assignment/simulator.cc). Its tables are kept from run to run.
 */
export class PlanClock {
  private readonly program: TwoLevelProgram;
  private readonly accesses: readonly Access[];
  private readonly queues: CopyQueues;
  /** Accesses of op `i`: `first[i] .. first[i + 1]`. */
  private readonly first: Int32Array;
  /** Copies that begin after op `i`, and write-backs whose bytes are given up there, as chains of accesses. */
  private readonly startHead: Int32Array;
  private readonly startNext: Int32Array;
  private readonly givenHead: Int32Array;
  private readonly givenNext: Int32Array;
  /** Number of the last write-back of each buffer, or -1. */
  private readonly writing: Int32Array;

  constructor(program: TwoLevelProgram, accesses: readonly Access[]) {
    const { levels, ops, buffers } = program;
    this.program = program;
    this.accesses = accesses;
    this.queues = new CopyQueues(levels.copy_bytes_per_s ?? levels.slow_bytes_per_s);
    this.first = new Int32Array(ops.length + 1);
    for (const { op } of accesses) this.first[op + 1]!++;
    for (let i = 0; i < ops.length; i++) this.first[i + 1]! += this.first[i]!;
    this.startHead = new Int32Array(ops.length);
    this.givenHead = new Int32Array(ops.length);
    this.startNext = new Int32Array(accesses.length);
    this.givenNext = new Int32Array(accesses.length);
    this.writing = new Int32Array(buffers.length);
  }

  /** Every access without an action uses the slow memory. */
  run(plan: TwoLevelPlan): PlanCost {
    const { program, accesses, queues, first, startHead, startNext, givenHead, givenNext, writing } = this;
    const { levels, ops, buffers } = program;
    const { actions, writtenBy } = plan;
    queues.clear();
    startHead.fill(-1);
    givenHead.fill(-1);
    writing.fill(-1);
    let fastBytes = 0;
    let slowBytes = 0;
    for (let k = accesses.length - 1; k >= 0; k--) {
      const action = actions[k];
      if (action?.do === 'copy' && action.start >= 0) {
        startNext[k] = startHead[action.start]!;
        startHead[action.start] = k;
      }
      const end = writtenBy[k];
      if (end === undefined) continue;
      givenNext[k] = givenHead[end]!;
      givenHead[end] = k;
    }
    // Inputs may be on their way before the first op.
    for (let k = 0; k < accesses.length; k++) {
      const action = actions[k];
      if (action?.do !== 'copy') continue;
      const { bytes } = buffers[accesses[k]!.buffer]!;
      fastBytes += bytes;
      slowBytes += bytes;
      if (action.start < 0) queues.push('read', k, bytes);
    }
    let time = 0;
    let writes = 0;
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i]!;
      let fast = 0;
      let slow = 0;
      for (let k = first[i]!; k < first[i + 1]!; k++) {
        const { buffer, write } = accesses[k]!;
        const action = actions[k];
        if (action === undefined || action.do === 'drop') {
          slow += buffers[buffer]!.bytes;
          if (!write && writing[buffer]! >= 0) time += queues.wait('write', writing[buffer]!);
        } else {
          fast += buffers[buffer]!.bytes;
          if (action.do === 'copy') time += queues.wait('read', k);
        }
      }
      const times = op.times ?? 1;
      const seconds = opTime(levels, op.flops, { fast_bytes: fast, slow_bytes: slow }) * times;
      fastBytes += fast * times;
      slowBytes += slow * times;
      time += seconds;
      queues.pass(seconds - (slow / levels.slow_bytes_per_s) * times);
      for (let k = first[i]!; k < first[i + 1]!; k++) {
        if (writtenBy[k] === undefined) continue;
        const { buffer } = accesses[k]!;
        const { bytes } = buffers[buffer]!;
        fastBytes += bytes;
        slowBytes += bytes;
        writing[buffer] = writes;
        queues.push('write', writes++, bytes);
      }
      for (let k = givenHead[i]!; k >= 0; k = givenNext[k]!) {
        const id = writing[accesses[k]!.buffer]!;
        if (id >= 0) time += queues.wait('write', id);
      }
      for (let k = startHead[i]!; k >= 0; k = startNext[k]!) {
        const { buffer } = accesses[k]!;
        if (writing[buffer]! >= 0) time += queues.wait('write', writing[buffer]!);
        queues.push('read', k, buffers[buffer]!.bytes);
      }
    }
    return { elapsed_s: time, fast_bytes: fastBytes, slow_bytes: slowBytes };
  }
}
