import { Mapper } from '../mapping/solve.ts';
import { PlanClock, type PlanCost } from './clock.ts';
import { DEFAULT_RATIOS, IntervalPicker } from './intervalPicker.ts';
import { scoreOf } from './objective.ts';
import { copyTime, opTimeIn, type TwoLevelProgram } from './program.ts';

/** What is done about one access: use the slow memory, stay in the fast one, or be copied there after op `start`. */
export type Action =
  | { readonly do: 'drop' }
  | { readonly do: 'keep' }
  | { readonly do: 'copy'; readonly start: number };

export const DROP: Action = { do: 'drop' };
export const KEEP: Action = { do: 'keep' };

/** One op's use or definition of one buffer. */
export interface Access {
  readonly op: number;
  readonly buffer: number;
  readonly write: boolean;
  /** The access of the same buffer before it, or -1. */
  readonly before: number;
}

/** Bytes of the fast memory taken from one op to another, both included. */
interface Residence {
  readonly buffer: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  /** Stretches of one chain follow each other at one offset. */
  readonly chain: number;
}

/** A plan under way. Accesses without an action use the slow memory. Never changed once made. */
export interface TwoLevelPlan {
  readonly actions: readonly (Action | undefined)[];
  readonly residences: readonly Residence[];
  /** For an access whose buffer is then written back: the op after which its bytes in the fast memory are given up. */
  readonly writtenBy: readonly (number | undefined)[];
}

/** Turns of the search for new offsets: the orders of first fit, then a slice of the exact search. */
const REPACK_TURNS = 8;

/** The rules: which actions a plan allows, and how long the program takes under it. */
export class TwoLevelGame {
  readonly program: TwoLevelProgram;
  /** In program order; of one op, reads before writes. */
  readonly accesses: readonly Access[];
  readonly picker: IntervalPicker;
  readonly empty: TwoLevelPlan;
  private readonly clock: PlanClock;
  /** Whether an access is the last of its buffer. */
  private readonly isLast: readonly boolean[];

  constructor(program: TwoLevelProgram) {
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
    this.picker = new IntervalPicker(
      ops.map((op) => opTimeIn(program, op, 'fast')),
      ops.map(({ nest = 0 }) => nest),
      copyTime(levels, levels.fast_bytes),
    );
    const none = new Array<undefined>(accesses.length).fill(undefined);
    this.clock = new PlanClock(program, accesses);
    const followed = new Set(accesses.map(({ before }) => before));
    this.isLast = accesses.map((_, k) => !followed.has(k));
    this.empty = { actions: none, residences: [], writtenBy: none };
  }

  /** The plan with one more action, or null where the rules forbid it. Accesses of one buffer are decided in order. */
  apply(plan: TwoLevelPlan, index: number, action: Action): TwoLevelPlan | null {
    const access = this.accesses[index]!;
    const { op, buffer, write, before } = access;
    const withAction = (residences: readonly Residence[]): TwoLevelPlan => {
      const actions = plan.actions.slice();
      actions[index] = action;
      return { ...plan, actions, residences };
    };
    const decided = this.decide(plan, index, action, withAction);
    if (!decided) return null;
    // What only the fast memory has is written back before it leaves, and an output after its last access.
    const leaves =
      before >= 0 && action.do !== 'keep' && !(write && action.do === 'drop') && this.isDirty(decided, before);
    const written = leaves ? this.writeBack(decided, before, action.do === 'copy' ? action.start : op - 1) : decided;
    const ends = this.program.buffers[buffer]!.output === true && this.isLast[index]!;
    return ends && this.isDirty(written, index) ? this.writeBack(written, index, this.program.ops.length - 1) : written;
  }

  private decide(
    plan: TwoLevelPlan,
    index: number,
    action: Action,
    withAction: (residences: readonly Residence[]) => TwoLevelPlan,
  ): TwoLevelPlan | null {
    const { op, buffer, write, before } = this.accesses[index]!;
    if (action.do === 'drop') return withAction(plan.residences);
    if (action.do === 'keep') {
      if (!write && (before < 0 || !this.isFast(plan, before))) return null;
      // A later write to a buffer stays where the buffer is.
      const old = before >= 0 && this.isFast(plan, before) ? this.residenceOf(plan, before) : null;
      const from = old ? old.to + 1 : op;
      const taken = this.take(plan, buffer, from, op, old);
      return taken && withAction(taken);
    }
    if (write || !this.program.buffers[buffer] || action.start >= op) return null;
    const earliest = before < 0 ? -1 : this.accesses[before]!.op;
    if (action.start < earliest || (before < 0 && !this.program.buffers[buffer].input)) return null;
    const taken = this.take(plan, buffer, action.start + 1, op, null);
    return taken && withAction(taken);
  }

  /** Whether the fast memory alone has what an access leaves there. */
  private isDirty(plan: TwoLevelPlan, index: number): boolean {
    for (let k = index; k >= 0 && this.isFast(plan, k); k = this.accesses[k]!.before) {
      if (this.accesses[k]!.write) return true;
      if (plan.actions[k]!.do === 'copy') return false;
    }
    return false;
  }

  /**
   * Holds a buffer's bytes while it is written back: until the copy has had its preferred overlap, or as long as they are
   * free; the program waits there for what is left.
   */
  private writeBack(plan: TwoLevelPlan, index: number, last: number): TwoLevelPlan {
    const { op, buffer } = this.accesses[index]!;
    const home = this.residenceOf(plan, index)!;
    const copy_s = copyTime(this.program.levels, this.program.buffers[buffer]!.bytes);
    let end = op;
    while (end < last && this.picker.overlap(op, end + 1) < DEFAULT_RATIOS.preferred * copy_s) {
      if (this.room(plan.residences, buffer, op + 1, end + 1, home.at) === null) break;
      end++;
    }
    const writtenBy = plan.writtenBy.slice();
    writtenBy[index] = end;
    if (end === op) return { ...plan, writtenBy };
    return { ...plan, writtenBy, residences: [...plan.residences, { ...home, from: op + 1, to: end }] };
  }

  /** The actions worth trying for an access, and the plans they lead to. The drop comes last. */
  options(plan: TwoLevelPlan, index: number, starts = 3): { action: Action; plan: TwoLevelPlan }[] {
    const found: { action: Action; plan: TwoLevelPlan }[] = [];
    const attempt = (action: Action): boolean => {
      const next = this.apply(plan, index, action);
      if (next) found.push({ action, plan: next });
      return next !== null;
    };
    attempt(KEEP);
    let left = starts;
    for (const start of this.starts(index)) {
      if (left === 0) break;
      if (attempt({ do: 'copy', start })) left--;
    }
    attempt(DROP);
    return found;
  }

  /** Starts of a copy for an access, in the picker's order. */
  starts(index: number): number[] {
    const { op, buffer, write, before } = this.accesses[index]!;
    if (write || op === 0) return [];
    const { bytes } = this.program.buffers[buffer]!;
    return this.picker.candidates(
      copyTime(this.program.levels, bytes),
      before < 0 ? -1 : this.accesses[before]!.op,
      op,
    );
  }

  isFast(plan: TwoLevelPlan, index: number): boolean {
    const action = plan.actions[index];
    return action !== undefined && action.do !== 'drop';
  }

  /** Seconds, bytes, joules and money of the program; every access without an action uses the slow memory. */
  cost(plan: TwoLevelPlan): PlanCost {
    return this.clock.run(plan);
  }

  /** Seconds the program takes. */
  elapsed(plan: TwoLevelPlan): number {
    return this.clock.run(plan).elapsed_s;
  }

  /** What the searches make as small as they can: seconds, joules or dollars, as the program's objective says. */
  score(plan: TwoLevelPlan): number {
    return scoreOf(this.program, this.clock.run(plan));
  }

  private residenceOf(plan: TwoLevelPlan, index: number): Residence | null {
    const { op, buffer } = this.accesses[index]!;
    return plan.residences.findLast((residence) => residence.buffer === buffer && residence.to === op) ?? null;
  }

  /**
   * The residences with one more, in a chain or the first of one; where no offset is free, all are packed anew.
   * @returns null where they do not fit
   */
  private take(
    plan: TwoLevelPlan,
    buffer: number,
    from: number,
    to: number,
    old: Residence | null,
  ): readonly Residence[] | null {
    const { residences } = plan;
    const at = this.room(residences, buffer, from, to, old?.at);
    const chain = old?.chain ?? residences.reduce((most, other) => Math.max(most, other.chain + 1), 0);
    const more = [...residences, { buffer, from, to, at: at ?? 0, chain }];
    return at === null ? this.repack(more) : more;
  }

  /** New offsets for all residences, as XLA's repacker finds them between allocations. */
  private repack(residences: readonly Residence[]): readonly Residence[] | null {
    const { buffers, ops, levels } = this.program;
    const live = new Float64Array(ops.length);
    const chains = new Map<number, { id: string; lower: number; upper: number; size_bytes: number }>();
    for (const { buffer, from, to, chain } of residences) {
      for (let i = from; i <= to; i++) {
        live[i]! += buffers[buffer]!.bytes;
        if (live[i]! > levels.fast_bytes) return null;
      }
      const known = chains.get(chain);
      const id = String(chain);
      if (from > to) continue;
      if (known) Object.assign(known, { lower: Math.min(known.lower, from), upper: Math.max(known.upper, to + 1) });
      else chains.set(chain, { id, lower: from, upper: to + 1, size_bytes: buffers[buffer]!.bytes });
    }
    const items = [...chains.values()];
    const mapper = new Mapper(items, { capacity_bytes: levels.fast_bytes });
    for (let turn = 0; turn < REPACK_TURNS && !mapper.done; turn++) mapper.step();
    const { verdict, offsets } = mapper.plan();
    if (verdict !== 'feasible' && verdict !== 'optimal') return null;
    const at = new Map(items.map(({ id }, i) => [id, offsets[i]!]));
    return residences.map((residence) => ({ ...residence, at: at.get(String(residence.chain)) ?? residence.at }));
  }

  /** The lowest offset free from one op to another, or `fixed` when that is free; null when there is none. */
  private room(
    residences: readonly Residence[],
    buffer: number,
    from: number,
    to: number,
    fixed?: number,
  ): number | null {
    const { buffers, levels } = this.program;
    const { bytes } = buffers[buffer]!;
    const taken: Residence[] = residences.filter((other) => other.from <= to && from <= other.to);
    const end = ({ buffer: other, at }: Residence): number => at + buffers[other]!.bytes;
    if (fixed !== undefined) {
      return taken.every((other) => end(other) <= fixed || fixed + bytes <= other.at) ? fixed : null;
    }
    taken.sort((a, b) => a.at - b.at);
    let at = 0;
    for (const other of taken) {
      if (at + bytes <= other.at) break;
      at = Math.max(at, end(other));
    }
    return at + bytes <= levels.fast_bytes ? at : null;
  }
}
