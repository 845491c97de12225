import { PlanClock, type PlanCost } from './clock.ts';
import { DEFAULT_RATIOS, IntervalPicker } from './intervalPicker.ts';
import { scoreOf } from './objective.ts';
import { copyTime, type LevelProgram, memoryAt, opTimeIn, slowestOf } from './program.ts';
import { type Residence, Space } from './space.ts';

/**
 * What is done about one access: use the slowest memory, stay in the fast one, or be copied to one after op `start`.
 * `in` is the fast memory where there are several, the fastest by default; `from` the one that a copy comes from, by
 * default the one that the buffer is in, else the slowest.
 */
export type Action =
  | { readonly do: 'drop' }
  | { readonly do: 'keep'; readonly in?: number }
  | { readonly do: 'copy'; readonly start: number; readonly in?: number; readonly from?: number };

type Keep = Extract<Action, { do: 'keep' }>;

export const DROP: Action = { do: 'drop' };
export const KEEP: Keep = { do: 'keep' };

/** One op's use or definition of one buffer. */
export interface Access {
  readonly op: number;
  readonly buffer: number;
  readonly write: boolean;
  /** The access of the same buffer before it, or -1. */
  readonly before: number;
}

/** A plan under way. Accesses without an action use the slowest memory. Never changed once made. */
export interface LevelPlan {
  readonly actions: readonly (Action | undefined)[];
  /** The fast memory that an access uses; undefined: the slowest. */
  readonly placeOf: readonly (number | undefined)[];
  readonly residences: readonly Residence[];
  /** For an access whose buffer is then written back: the op after which its bytes in the fast memory are given up. */
  readonly writtenBy: readonly (number | undefined)[];
  /** For a copy between fast memories: the op after which the bytes it comes from are given up. */
  readonly heldBy: readonly (number | undefined)[];
}

/** The last ops after which a search that tries all lets go of what a copy comes from, and of an output. */
type Caps = readonly [number, number];

/** The rules: which actions a plan allows, and how long the program takes under it. */
export class LevelGame {
  readonly program: LevelProgram;
  /** In program order; of one op, reads before writes. */
  readonly accesses: readonly Access[];
  readonly empty: LevelPlan;
  /** Places of the fast memories, the fastest first. */
  readonly fast: readonly number[];
  private readonly pickers: readonly IntervalPicker[];
  private readonly clock: PlanClock;
  private readonly space: Space;
  /** Whether an access is the last of its buffer. */
  private readonly isLast: readonly boolean[];

  constructor(program: LevelProgram) {
    this.program = program;
    const last = new Map<number, number>();
    const accesses: Access[] = [];
    program.ops.forEach((op, i) => {
      const add = (buffer: number, write: boolean): void => {
        accesses.push({ op: i, buffer, write, before: last.get(buffer) ?? -1 });
        last.set(buffer, accesses.length - 1);
      };
      for (const buffer of op.reads) add(buffer, false);
      for (const buffer of op.writes) add(buffer, true);
    });
    this.accesses = accesses;
    const { ops, levels } = program;
    this.fast = levels.memories.slice(1).map((_, m) => m);
    const nests = ops.map(({ nest = 0 }) => nest);
    this.pickers = this.fast.map((m) => {
      const op_s = ops.map((op) => opTimeIn(program, op, m));
      return new IntervalPicker(op_s, nests, copyTime(levels, memoryAt(levels, m).bytes));
    });
    const none = new Array<undefined>(accesses.length).fill(undefined);
    this.clock = new PlanClock(program, accesses);
    this.space = new Space(program);
    const followed = new Set(accesses.map(({ before }) => before));
    this.isLast = accesses.map((_, k) => !followed.has(k));
    this.empty = { actions: none, placeOf: none, residences: [], writtenBy: none, heldBy: none };
  }

  /** The plan with one more action, or null where the rules forbid it. Accesses of one buffer are decided in order. */
  apply(plan: LevelPlan, index: number, action: Action, caps?: Caps): LevelPlan | null {
    const { op, buffer, write, before } = this.accesses[index]!;
    const decided = this.decide(plan, index, action, caps);
    if (!decided) return null;
    // What only the fast memory has is written back before it leaves, and an output after its last access.
    const stays = action.do === 'keep' || (write && action.do === 'drop') || decided.heldBy[index] !== undefined;
    const leaves = before >= 0 && !stays && this.isDirty(decided, before);
    const written = leaves
      ? this.writeBack(decided, before, action.do === 'copy' ? action.start : op - 1, caps?.[0])
      : decided;
    const ends = this.program.buffers[buffer]!.output === true && this.isLast[index]!;
    if (!written || !ends || !this.isDirty(written, index)) return written;
    return this.writeBack(written, index, this.program.ops.length - 1, caps?.[1]);
  }

  private decide(plan: LevelPlan, index: number, action: Action, caps?: Caps): LevelPlan | null {
    const { op, buffer, write, before } = this.accesses[index]!;
    const home = slowestOf(this.program.levels);
    const set = <T>(list: readonly T[], value: T): T[] => list.map((old, k) => (k === index ? value : old));
    if (action.do === 'drop') return { ...plan, actions: set(plan.actions, action) };
    const was = before >= 0 ? plan.placeOf[before] : undefined;
    const old = was === undefined ? null : this.residenceOf(plan, before);
    if (action.do === 'keep') {
      if (!write && !old) return null;
      // A later write to a buffer stays where the buffer is.
      const memory = old?.memory ?? action.in ?? 0;
      if (memory >= home || (action.in ?? memory) !== memory) return null;
      const residences = this.space.take(plan.residences, {
        buffer,
        memory,
        from: old ? old.to + 1 : op,
        to: op,
        after: old,
      });
      const actions = set(plan.actions, action);
      return residences && { ...plan, actions, placeOf: set(plan.placeOf, memory), residences };
    }
    const { start, in: memory = 0 } = action;
    if (write || start >= op || memory >= home) return null;
    if (start < (before < 0 ? -1 : this.accesses[before]!.op)) return null;
    if (before < 0 && !this.program.buffers[buffer]!.input) return null;
    const direct = old && old.memory !== memory && action.from !== home;
    const held = direct ? this.hold(plan, before, start, op - 1, caps?.[0]) : null;
    if (direct && caps && !held) return null;
    const { residences } = held?.plan ?? plan;
    const taken = this.space.take(residences, { buffer, memory, from: start + 1, to: op, after: null });
    if (!taken) return null;
    const copy: Action = { do: 'copy', start, ...(memory > 0 && { in: memory }), ...(held && { from: old!.memory }) };
    const actions = set(plan.actions, copy);
    const placeOf = set(plan.placeOf, memory);
    return { ...plan, actions, placeOf, residences: taken, heldBy: held ? set(plan.heldBy, held.end) : plan.heldBy };
  }

  /** Whether the fast memories alone have what an access leaves there. */
  private isDirty(plan: LevelPlan, index: number): boolean {
    for (let k = index; k >= 0 && this.isFast(plan, k); k = this.accesses[k]!.before) {
      if (this.accesses[k]!.write) return true;
      const action = plan.actions[k]!;
      if (action.do === 'copy' && action.from === undefined) return false;
    }
    return false;
  }

  /**
   * Holds the bytes of an access after it for a copy that begins after op `start`: until the copy has had its preferred
   * overlap, or as long as they are free up to `last`; the program waits there for what is left of it.
   * @param cap with it the bytes are held to that op and no further, offsets packed anew if need be
   * @returns null where they cannot be held until the copy begins
   */
  private hold(
    plan: LevelPlan,
    index: number,
    start: number,
    last: number,
    cap?: number,
  ): { plan: LevelPlan; end: number } | null {
    const { op, buffer } = this.accesses[index]!;
    const home = this.residenceOf(plan, index)!;
    const copy_s = copyTime(this.program.levels, this.program.buffers[buffer]!.bytes);
    const picker = this.pickers[home.memory]!;
    const wish = (to: number) => ({ buffer, memory: home.memory, from: op + 1, to, after: home });
    let end = op;
    while (end < Math.min(last, cap ?? last)) {
      if (end >= start && picker.overlap(start, end + 1) >= DEFAULT_RATIOS.preferred * copy_s) break;
      if (cap === undefined && this.space.room(plan.residences, wish(end + 1)) === null) break;
      end++;
    }
    if (end < start) return null;
    if (end === op) return { plan, end };
    const residences = this.space.take(plan.residences, wish(end));
    return residences && { plan: { ...plan, residences }, end };
  }

  private writeBack(plan: LevelPlan, index: number, last: number, cap?: number): LevelPlan | null {
    const held = this.hold(plan, index, this.accesses[index]!.op, last, cap);
    if (!held) return null;
    const writtenBy = held.plan.writtenBy.slice();
    writtenBy[index] = held.end;
    return { ...held.plan, writtenBy };
  }

  /** The actions worth trying for an access, and the plans they lead to. The drop comes last. */
  options(plan: LevelPlan, index: number, starts = 3): { action: Action; plan: LevelPlan }[] {
    const found: { action: Action; plan: LevelPlan }[] = [];
    const attempt = (action: Action): boolean => {
      const next = this.apply(plan, index, action);
      if (next) found.push({ action, plan: next });
      return next !== null;
    };
    for (const action of this.keeps(plan, index)) attempt(action);
    for (const m of this.fast) {
      let left = starts;
      for (const start of this.starts(plan, index, m)) {
        if (left === 0) break;
        if (attempt(copyTo(m, start))) left--;
      }
    }
    attempt(DROP);
    return found;
  }

  /** Every plan that some action for an access leads to, with every op up to which bytes may be held for a copy. */
  outcomes(plan: LevelPlan, index: number): LevelPlan[] {
    const { op, buffer, before } = this.accesses[index]!;
    const { ops, buffers, levels } = this.program;
    const home = slowestOf(levels);
    const copies = this.fast.flatMap((m) => this.starts(plan, index, m).map((start) => copyTo(m, start)));
    const moved = before >= 0 && this.isFast(plan, before) && this.fast.length > 1;
    const all = [
      ...this.keeps(plan, index),
      ...copies,
      ...(moved ? copies.map((c) => ({ ...c, from: home })) : []),
      DROP,
    ];
    const first = before < 0 ? op : this.accesses[before]!.op;
    const last = buffers[buffer]!.output && this.isLast[index] ? ops.length - 1 : op;
    return all.flatMap((action) => {
      const found: LevelPlan[] = [];
      const seen = new Set<string>();
      for (let a = first; a <= Math.max(op - 1, first); a++) {
        for (let b = op; b <= last; b++) {
          const next = this.apply(plan, index, action, [a, b]);
          const key = next && `${next.heldBy[index]},${next.writtenBy[before]},${next.writtenBy[index]}`;
          if (!next || seen.has(key!)) continue;
          seen.add(key!);
          found.push(next);
        }
      }
      return found;
    });
  }

  /** The plan with all accesses from one on dropped. */
  dropRest(plan: LevelPlan, from: number): LevelPlan {
    let finished = plan;
    for (let k = from; k < this.accesses.length; k++) finished = this.apply(finished, k, DROP)!;
    return finished;
  }

  /** The ways to stay in a fast memory: where the buffer is, or any for one that is made. */
  keeps(plan: LevelPlan, index: number): Keep[] {
    const { write, before } = this.accesses[index]!;
    if (before >= 0 && this.isFast(plan, before)) return [KEEP];
    return write ? this.fast.map((m): Keep => (m === 0 ? KEEP : { do: 'keep', in: m })) : [];
  }

  /** Starts of a copy to a memory for an access, in the picker's order; what moves down may begin at once. */
  starts(plan: LevelPlan, index: number, memory = 0): number[] {
    const { op, buffer, write, before } = this.accesses[index]!;
    if (write || op === 0) return [];
    const { bytes } = this.program.buffers[buffer]!;
    const { levels } = this.program;
    const was = before < 0 ? undefined : plan.placeOf[before];
    const slower = was === undefined || was === memory ? slowestOf(levels) : Math.max(was, memory);
    const from = before < 0 ? -1 : this.accesses[before]!.op;
    const starts = this.pickers[memory]!.candidates(copyTime(levels, bytes, slower), from, op);
    if (was === undefined || was >= memory) return starts;
    return [from, ...starts.filter((start) => start !== from)];
  }

  isFast(plan: LevelPlan, index: number): boolean {
    return plan.placeOf[index] !== undefined;
  }

  /** Seconds, and bytes at each memory; every access without an action uses the slowest. */
  cost(plan: LevelPlan): PlanCost {
    return this.clock.run(plan);
  }

  /** Seconds the program takes. */
  elapsed(plan: LevelPlan): number {
    return this.clock.run(plan).elapsed_s;
  }

  /** What the searches make as small as they can: seconds, joules or dollars, as the program's objective says. */
  score(plan: LevelPlan): number {
    return scoreOf(this.program, this.clock.run(plan));
  }

  private residenceOf(plan: LevelPlan, index: number): Residence | null {
    const { op, buffer } = this.accesses[index]!;
    return plan.residences.findLast((residence) => residence.buffer === buffer && residence.to === op) ?? null;
  }
}

/** A copy to a fast memory after an op. */
export const copyTo = (memory: number, start: number): Action =>
  memory === 0 ? { do: 'copy', start } : { do: 'copy', start, in: memory };
