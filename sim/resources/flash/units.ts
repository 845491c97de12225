import type { FlashDevice } from './device.ts';
import { type PlaneLayout, registersOf } from './layout.ts';
import { KIND, KINDS, NO_OP, OP, type PageOps } from './pool.ts';

/** By kind: whether it programs, and whose pages on other planes join its own. */
const PROGRAMS = [0, 0, 1, 0, 0, 1] as const;
const PARTNER = [KIND.read, KIND.read, KIND.program, NO_OP, NO_OP, NO_OP] as const;

/** Words of a unit, as in `units.words[unit + UNIT.ready]`. */
export const UNIT = {
  /** A bit for each kind of which operations wait. */
  waiting: 0,
  /** Whether a command is under way, and how many pages that were read have not left. */
  running: 1,
  held: 2,
  /** Whether it can take a command and has one waiting. */
  ready: 3,
  /** Channel, and the next unit of the channel whose pages are being read. */
  channel: 4,
  nextSensing: 5,
  /** First operation of the command under way. */
  group: 6,
  /** By kind: first and last operation that waits. */
  head: 8,
  tail: 8 + KINDS,
} as const;
const WORDS = 32;

/**
 * What takes commands: chips, or dies. Each has a queue of operations per kind, and does those of several planes of a die
 * together where their page indices agree. A unit is the number of its first word.
 */
export class CommandUnits {
  readonly words: Int32Array;
  readonly count: number;
  /** Of the command that was made last: its kind, its bytes and how many pages it is for. */
  kind = 0;
  bytes = 0;
  pages = 0;

  private readonly ops: PageOps;
  private readonly registers: number;
  private readonly planes: number;
  private readonly joinsPrograms: boolean;
  /** Of each plane: its die among all, and its bit inside that die. */
  private readonly dieOf: Int32Array;
  private readonly bitOf: Int32Array;
  /** Of the command that is being made: its last operation, and the bits of its planes. */
  private last = NO_OP;
  private bits = 0;

  constructor(ops: PageOps, device: FlashDevice, layout: PlaneLayout) {
    const perChannel = layout.unitsPerChannel;
    this.ops = ops;
    this.count = device.channels * perChannel;
    this.registers = registersOf(device);
    this.planes = device.planes_per_die;
    this.joinsPrograms = device.multi_plane_programs;
    this.dieOf = layout.dieOf;
    this.bitOf = layout.bitOf;
    this.words = new Int32Array(this.count * WORDS);
    for (let index = 0; index < this.count; index++) {
      const unit = this.at(index);
      this.words.fill(NO_OP, unit + UNIT.group, unit + UNIT.tail + KINDS);
      this.words[unit + UNIT.waiting] = 0;
      this.words[unit + UNIT.channel] = Math.floor(index / perChannel);
    }
  }

  /** The unit of an index 0 … count − 1. */
  at(index: number): number {
    return index * WORDS;
  }

  /** Queues an operation. */
  push(unit: number, op: number): void {
    const { words } = this;
    const ops = this.ops.words;
    const kind = ops[op + OP.kind]!;
    const last = words[unit + UNIT.tail + kind]!;
    ops[op + OP.next] = NO_OP;
    words[unit + UNIT.tail + kind] = op;
    if (last !== NO_OP) {
      ops[last + OP.next] = op;
      return;
    }
    words[unit + UNIT.head + kind] = op;
    words[unit + UNIT.waiting]! |= 1 << kind;
  }

  /** Brings `ready` up to date and returns by how much it rose. */
  refresh(unit: number): number {
    const { words } = this;
    const can = words[unit + UNIT.running] === 0 && words[unit + UNIT.held]! < this.registers;
    const ready = can && words[unit + UNIT.waiting] !== 0 ? 1 : 0;
    const rise = ready - words[unit + UNIT.ready]!;
    words[unit + UNIT.ready] = ready;
    return rise;
  }

  /** The operation served next of a unit where one waits. */
  first(unit: number): number {
    const waiting = this.words[unit + UNIT.waiting]!;
    return this.words[unit + UNIT.head + (31 - Math.clz32(waiting & -waiting))]!;
  }

  /** Makes a command of the operation served next and those that other planes can do with it. */
  gather(unit: number): void {
    const { words } = this;
    const ops = this.ops.words;
    const waiting = words[unit + UNIT.waiting]!;
    const kind = 31 - Math.clz32(waiting & -waiting);
    const first = words[unit + UNIT.head + kind]!;
    this.remove(unit, kind, first, NO_OP);
    ops[first + OP.next] = NO_OP;
    words[unit + UNIT.group] = first;
    this.kind = kind;
    this.pages = 1;
    this.bytes = ops[first + OP.bytes]!;
    if (this.planes === 1 || words[unit + UNIT.waiting] === 0) return;
    if (PROGRAMS[kind] === 1 && !this.joinsPrograms) return;
    this.last = first;
    this.bits = this.bitOf[ops[first + OP.plane]!]!;
    this.join(unit, kind, first);
    const copies = words[unit + UNIT.head + KIND.copyRead] !== NO_OP;
    const partner = kind === KIND.mapping && copies ? KIND.copyRead : PARTNER[kind]!;
    if (partner !== NO_OP) this.join(unit, partner, first);
  }

  /** Adds to the command those of a kind that lie at the row of its first on other planes of its die. */
  private join(unit: number, kind: number, first: number): void {
    const { words } = this.ops;
    const row = words[first + OP.row];
    const die = this.dieOf[words[first + OP.plane]!];
    let before = NO_OP;
    for (let op = this.words[unit + UNIT.head + kind]!; op !== NO_OP; ) {
      const after = words[op + OP.next]!;
      const plane = words[op + OP.plane]!;
      if (words[op + OP.row] === row && this.dieOf[plane] === die && (this.bits & this.bitOf[plane]!) === 0) {
        this.remove(unit, kind, op, before);
        this.bits |= this.bitOf[plane]!;
        this.bytes += words[op + OP.bytes]!;
        this.pages += 1;
        words[this.last + OP.next] = op;
        words[op + OP.next] = NO_OP;
        this.last = op;
      } else before = op;
      op = after;
    }
  }

  /** Takes `op` out of the queue of its kind, where it follows `before` (−1: it is the first). */
  private remove(unit: number, kind: number, op: number, before: number): void {
    const { words } = this;
    const after = this.ops.words[op + OP.next]!;
    if (after === NO_OP) words[unit + UNIT.tail + kind] = before;
    if (before !== NO_OP) {
      this.ops.words[before + OP.next] = after;
      return;
    }
    words[unit + UNIT.head + kind] = after;
    if (after === NO_OP) words[unit + UNIT.waiting]! &= ~(1 << kind);
  }
}
