import { ceilNs, nsFromSeconds } from '../../../kernel/time.ts';
import { type FlashDevice, planesOf } from '../device.ts';
import { layoutOf, registersOf } from '../layout.ts';
import { PlaceTable } from '../placeTable.ts';
import type { TimeLane } from './timeLane.ts';

const NONE = -1;
const WORDS = 8;
const SHIFT = 3;
/** Words of a page that is being read, as in `ops[op + OP.unit]`. */
const OP = { next: 0, unit: 1, plane: 2, row: 3, bytes: 4, request: 5 } as const;
/** Words of a command unit: as those of `CommandUnits`, with one queue. */
const UNIT = { running: 0, held: 1, ready: 2, channel: 3, head: 4, tail: 5, group: 6, nextSensing: 7 } as const;
/** Words of a channel: as those of `FlashArray`, with one queue. */
const CHANNEL = { moving: 0, ready: 1, turn: 2, firstSensing: 3, lastSensing: 4, firstPage: 5, lastPage: 6 } as const;

/**
 * A {@link FlashArray} that only reads, by the same rules and in the same order. The clock is the caller's: every method
 * gets the present in ns, and events go to the lanes of the caller: `wake` with the channel that is to be looked at, and
 * `left` with the page that will have left.
 */
export class ReadArray {
  readonly units: number;
  channelBusyNs = Number.NaN;
  unitBusyNs = Number.NaN;

  private readonly wakes: TimeLane;
  private readonly lefts: TimeLane;
  private readonly dataFirst: boolean;
  private readonly fair: boolean;
  private readonly commandNs: number;
  private readonly planeNs: number;
  private readonly readNs: number;
  private readonly nsPerByte: number;
  private readonly registers: number;
  private readonly planesPerDie: number;
  private readonly perChannel: number;
  private readonly planes: number;
  private readonly blockPages: number;
  private readonly unitOf: Int32Array;
  private readonly dieOf: Int32Array;
  private readonly bitOf: Int32Array;
  /** With `static` allocation: the row of each page that has a place, and the next of each plane. */
  private readonly rows: PlaceTable | null;
  private readonly nextRow: Int32Array;

  private readonly unit: Int32Array;
  private readonly sensedAt: Float64Array;
  private readonly channel: Int32Array;
  private readonly busyUntil: Float64Array;
  private readonly wakeAt: Float64Array;
  private ops = new Int32Array(256 * WORDS);
  private since = new Float64Array(256);
  private freeOp = NONE;
  private usedOps = 0;
  private lastBytes = 0;
  private lastNs = 0;

  constructor(device: FlashDevice, pages: number, wakes: TimeLane, lefts: TimeLane) {
    this.wakes = wakes;
    this.lefts = lefts;
    this.channelBusyNs = 0;
    this.unitBusyNs = 0;
    this.dataFirst = device.bus === 'data-first';
    this.fair = device.bus === 'fair';
    this.commandNs = nsFromSeconds(device.command_s);
    this.planeNs = nsFromSeconds(device.plane_command_s ?? 0);
    this.readNs = nsFromSeconds(device.read_s);
    this.nsPerByte = 1e9 / device.channel_bytes_per_s;
    this.registers = registersOf(device);
    this.planesPerDie = device.planes_per_die;
    this.planes = planesOf(device);
    this.blockPages = device.block_bytes / device.page_bytes;
    const { channels } = device;
    const layout = layoutOf(device);
    this.perChannel = layout.unitsPerChannel;
    this.units = channels * this.perChannel;
    this.unitOf = layout.unitOf.map((unit) => unit << SHIFT);
    this.dieOf = layout.dieOf;
    this.bitOf = layout.bitOf;
    this.rows = device.allocation === 'static' ? new PlaceTable(pages) : null;
    this.nextRow = new Int32Array(this.planes);
    this.unit = new Int32Array(this.units * WORDS);
    for (let index = 0; index < this.units; index++) {
      const unit = index << SHIFT;
      this.unit.fill(NONE, unit + UNIT.head, unit + UNIT.nextSensing + 1);
      this.unit[unit + UNIT.channel] = Math.floor(index / this.perChannel) << SHIFT;
    }
    this.sensedAt = new Float64Array(this.units);
    this.channel = new Int32Array(channels * WORDS);
    for (let channel = 0; channel < this.channel.length; channel += WORDS) {
      this.channel.fill(NONE, channel + CHANNEL.firstSensing, channel + CHANNEL.lastPage + 1);
    }
    this.busyUntil = new Float64Array(channels);
    this.wakeAt = new Float64Array(channels).fill(Number.POSITIVE_INFINITY);
  }

  /** Pages that are read soon. */
  expect(pages: Float64Array): void {
    this.rows?.fetch(pages);
  }

  /** Queues the read of `bytes` of a page < 2^31 and returns its channel, which is to be served. */
  read(page: number, bytes: number, request: number, now: number): number {
    const op = this.takeOp();
    const { ops, planes } = this;
    let row = (page / planes) | 0;
    const plane = (page - Math.imul(row, planes)) | 0;
    if (this.rows !== null) {
      const next = this.nextRow[plane]!;
      row = this.rows.getOrSet(page, next) | 0;
      if (row === next) this.nextRow[plane] = next + 1;
    }
    const unit = this.unitOf[plane]!;
    const channel = this.unit[unit + UNIT.channel]!;
    ops[op + OP.next] = NONE;
    ops[op + OP.unit] = unit;
    ops[op + OP.plane] = plane;
    ops[op + OP.row] = (row | 0) % (this.blockPages | 0);
    ops[op + OP.bytes] = bytes;
    ops[op + OP.request] = request;
    if (this.fair) this.since[op >> SHIFT] = now;
    const last = this.unit[unit + UNIT.tail]!;
    this.unit[unit + UNIT.tail] = op;
    if (last === NONE) {
      this.unit[unit + UNIT.head] = op;
      this.refresh(unit, channel);
    } else ops[last + OP.next] = op;
    return channel;
  }

  /** Serves every channel, as after several pages were queued together. */
  serveAll(now: number): void {
    for (let channel = 0; channel < this.channel.length; channel += WORDS) this.serve(channel, now);
  }

  /** Gives a free channel its next page or command; see `FlashArray`. */
  serve(channel: number, now: number): void {
    const words = this.channel;
    if (words[channel + CHANNEL.moving] === 1) return;
    const free = this.busyUntil[channel >> SHIFT]!;
    if (free > now) {
      this.wakeBy(channel, free);
      return;
    }
    let sensing = words[channel + CHANNEL.firstSensing]!;
    while (sensing !== NONE && this.sensedAt[sensing >> SHIFT]! <= now) sensing = this.takeIn(channel, sensing);
    const page = words[channel + CHANNEL.firstPage]!;
    if (page !== NONE && this.pageGoesFirst(channel, page)) this.leave(channel, page, now);
    else if (words[channel + CHANNEL.ready]! > 0) this.command(channel, now);
    else if (sensing !== NONE) this.wakeBy(channel, this.sensedAt[sensing >> SHIFT]!);
  }

  /** A channel was to be looked at now. */
  wake(channel: number, now: number): void {
    if (this.wakeAt[channel >> SHIFT]! <= now) this.wakeAt[channel >> SHIFT] = Number.POSITIVE_INFINITY;
    this.serve(channel, now);
  }

  /** A page has left: returns its request. Its channel rests until {@link moved}. */
  left(op: number): number {
    const { ops } = this;
    const unit = ops[op + OP.unit]!;
    this.unit[unit + UNIT.held]! -= 1;
    this.refresh(unit, this.unit[unit + UNIT.channel]!);
    ops[op + OP.next] = this.freeOp;
    this.freeOp = op;
    return ops[op + OP.request]!;
  }

  /** The channel of a page that has left goes on. */
  moved(op: number, now: number): void {
    const channel = this.unit[this.ops[op + OP.unit]! + UNIT.channel]!;
    this.channel[channel + CHANNEL.moving] = 0;
    this.serve(channel, now);
  }

  private refresh(unit: number, channel: number): void {
    const words = this.unit;
    const can = words[unit + UNIT.running] === 0 && words[unit + UNIT.held]! < this.registers;
    const ready = can && words[unit + UNIT.head] !== NONE ? 1 : 0;
    this.channel[channel + CHANNEL.ready]! += ready - words[unit + UNIT.ready]!;
    words[unit + UNIT.ready] = ready;
  }

  private pageGoesFirst(channel: number, page: number): boolean {
    if (this.dataFirst || this.channel[channel + CHANNEL.ready] === 0) return true;
    return this.fair && this.since[page >> SHIFT]! <= this.firstCommandSince(channel);
  }

  private firstCommandSince(channel: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    const first = channel * this.perChannel;
    for (let unit = first; unit < first + this.perChannel * WORDS; unit += WORDS) {
      if (this.unit[unit + UNIT.ready] === 0) continue;
      earliest = Math.min(earliest, this.since[this.unit[unit + UNIT.head]! >> SHIFT]!);
    }
    return earliest;
  }

  private wakeBy(channel: number, timeNs: number): void {
    if (this.wakeAt[channel >> SHIFT]! <= timeNs) return;
    this.wakeAt[channel >> SHIFT] = timeNs;
    this.wakes.push(timeNs, channel);
  }

  /** The pages of a unit have been read and wait to leave; returns the unit that is next to have read its own. */
  private takeIn(channel: number, unit: number): number {
    const words = this.channel;
    const units = this.unit;
    const { ops } = this;
    const next = units[unit + UNIT.nextSensing]!;
    words[channel + CHANNEL.firstSensing] = next;
    if (next === NONE) words[channel + CHANNEL.lastSensing] = NONE;
    units[unit + UNIT.running] = 0;
    for (let op = units[unit + UNIT.group]!; op !== NONE; ) {
      const after = ops[op + OP.next]!;
      if (this.fair) this.since[op >> SHIFT] = this.sensedAt[unit >> SHIFT]!;
      units[unit + UNIT.held]! += 1;
      const last = words[channel + CHANNEL.lastPage]!;
      ops[op + OP.next] = NONE;
      words[channel + CHANNEL.lastPage] = op;
      if (last === NONE) words[channel + CHANNEL.firstPage] = op;
      else ops[last + OP.next] = op;
      op = after;
    }
    this.refresh(unit, channel);
    return next;
  }

  /** Sends a command to the next unit in turn that can take one, of which there is one. */
  private command(channel: number, now: number): void {
    const words = this.channel;
    const first = channel * this.perChannel;
    let turn = words[channel + CHANNEL.turn]!;
    while (this.unit[first + (turn << SHIFT) + UNIT.ready] === 0) turn = turn + 1 === this.perChannel ? 0 : turn + 1;
    words[channel + CHANNEL.turn] = turn + 1 === this.perChannel ? 0 : turn + 1;
    const unit = first + (turn << SHIFT);
    const busNs = this.commandNs + (this.gather(unit) - 1) * this.planeNs;
    this.unit[unit + UNIT.running] = 1;
    this.refresh(unit, channel);
    this.channelBusyNs += busNs;
    this.unitBusyNs += busNs + this.readNs;
    const free = now + busNs;
    this.busyUntil[channel >> SHIFT] = free;
    this.sensedAt[unit >> SHIFT] = free + this.readNs;
    this.unit[unit + UNIT.nextSensing] = NONE;
    const last = words[channel + CHANNEL.lastSensing]!;
    if (last === NONE) words[channel + CHANNEL.firstSensing] = unit;
    else this.unit[last + UNIT.nextSensing] = unit;
    words[channel + CHANNEL.lastSensing] = unit;
    const sensedNs = this.sensedAt[words[channel + CHANNEL.firstSensing]! >> SHIFT]!;
    const useful = words[channel + CHANNEL.ready]! > 0 || words[channel + CHANNEL.firstPage] !== NONE;
    this.wakeBy(channel, useful || sensedNs <= free ? free : sensedNs);
  }

  /** Makes a command of the first page that waits at a unit and those of other planes at its row; returns how many. */
  private gather(unit: number): number {
    const words = this.unit;
    const { ops } = this;
    const first = words[unit + UNIT.head]!;
    const rest = ops[first + OP.next]!;
    ops[first + OP.next] = NONE;
    words[unit + UNIT.group] = first;
    words[unit + UNIT.head] = rest;
    if (rest === NONE) words[unit + UNIT.tail] = NONE;
    return rest === NONE || this.planesPerDie === 1 ? 1 : this.join(unit, first);
  }

  private join(unit: number, first: number): number {
    const { ops } = this;
    const row = ops[first + OP.row];
    const die = this.dieOf[ops[first + OP.plane]!];
    let bits = this.bitOf[ops[first + OP.plane]!]!;
    let pages = 1;
    let last = first;
    let before = NONE;
    for (let op = this.unit[unit + UNIT.head]!; op !== NONE; ) {
      const after = ops[op + OP.next]!;
      const plane = ops[op + OP.plane]!;
      if (ops[op + OP.row] === row && this.dieOf[plane] === die && (bits & this.bitOf[plane]!) === 0) {
        if (before === NONE) this.unit[unit + UNIT.head] = after;
        else ops[before + OP.next] = after;
        if (after === NONE) this.unit[unit + UNIT.tail] = before;
        bits |= this.bitOf[plane]!;
        pages += 1;
        ops[last + OP.next] = op;
        ops[op + OP.next] = NONE;
        last = op;
      } else before = op;
      op = after;
    }
    return pages;
  }

  private leave(channel: number, op: number, now: number): void {
    const words = this.channel;
    const { ops } = this;
    const after = ops[op + OP.next]!;
    words[channel + CHANNEL.firstPage] = after;
    if (after === NONE) words[channel + CHANNEL.lastPage] = NONE;
    words[channel + CHANNEL.moving] = 1;
    const bytes = ops[op + OP.bytes]!;
    if (bytes !== this.lastBytes) {
      this.lastBytes = bytes;
      this.lastNs = ceilNs(bytes * this.nsPerByte);
    }
    this.channelBusyNs += this.lastNs;
    this.lefts.push(now + this.lastNs, op);
  }

  private takeOp(): number {
    const op = this.freeOp;
    if (op !== NONE) {
      this.freeOp = this.ops[op + OP.next]!;
      return op;
    }
    if (this.usedOps === this.ops.length) this.growOps();
    this.usedOps += WORDS;
    return this.usedOps - WORDS;
  }

  private growOps(): void {
    const ops = new Int32Array(2 * this.ops.length);
    ops.set(this.ops);
    this.ops = ops;
    const since = new Float64Array(2 * this.since.length);
    since.set(this.since);
    this.since = since;
  }
}
