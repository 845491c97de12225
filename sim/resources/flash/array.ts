import type { Lanes } from '../../kernel/lanes.ts';
import { ceilNs, nsFromSeconds } from '../../kernel/time.ts';
import { type FlashDevice, planesOf } from './device.ts';
import { layoutOf } from './layout.ts';
import { KIND, NO_OP, OP, PageOps, REAL } from './pool.ts';
import { CommandUnits, UNIT } from './units.ts';

/** By kind: whether it programs, and whether it reads. */
const PROGRAMS = [0, 0, 1, 0, 0, 1] as const;
const READS = [1, 1, 0, 0, 1, 0] as const;
const NO_UNIT = -1;

/** Words of a channel, as in `words[channel + CHANNEL.turn]`. */
const CHANNEL = {
  /** Whether a page is leaving. */
  transferring: 0,
  /** Units that can take a command and have one waiting, and the index in the channel of the one whose turn it is. */
  ready: 1,
  turn: 2,
  /** Units whose pages are being read, in the order in which they will be. */
  firstSensing: 3,
  lastSensing: 4,
  /** Pages that wait to leave, first and last: those of the mapping table, and data. */
  firstTable: 5,
  lastTable: 6,
  firstData: 7,
  lastData: 8,
} as const;
const WORDS = 16;
/** Times of a channel: until when a command takes it, and when it is looked at next. */
const BUSY_UNTIL = 0;
const WAKE_AT = 1;

/**
 * Channels with their chips. A command unit takes one command at a time; a channel carries one command or one page at a
 * time, units taking turns. Reads: command, tR, page out. Programs: command with the page, tProg. Erases: command,
 * tErase. Planes of a die share a read or a program when their page indices agree.
 *
 * With `data-first` and units that hold their page, chips of a loaded channel fall into step: all read, then all
 * transfer while none reads, so a cycle takes tR + n × (command + transfer) and not the longer of the two.
 */
export class FlashArray {
  readonly ops = new PageOps();
  readonly pageBytes: number;
  /** Command units in all. */
  readonly units: number;
  /** Sums of ns in which channels and command units were busy. */
  channelBusyNs = Number.NaN;
  unitBusyNs = Number.NaN;
  programmedPages = 0;
  erasedBlocks = 0;

  private readonly sim: Lanes;
  private readonly onDone: (op: number) => void;
  private readonly channels: number;
  private readonly dataFirst: boolean;
  private readonly fair: boolean;
  private readonly commandNs: number;
  private readonly planeNs: number;
  private readonly readNs: number;
  private readonly programNs: number;
  private readonly eraseNs: number;
  private readonly nsPerByte: number;
  /** Time of the last transfer's size, which most share. */
  private lastBytes = 0;
  private lastNs = 0;
  private readonly perChannel: number;
  private readonly all: CommandUnits;
  private readonly words: Int32Array;
  private readonly times: Float64Array;
  /** When the pages of each unit will have been read, by its first word. */
  private readonly sensedAt: Float64Array;
  private readonly planes: number;
  private readonly unitOf: Int32Array;
  private readonly blockPages: number;
  private opened = 0;
  private readonly wakeKind: number;
  private readonly leftKind: number;
  private readonly finishedKind: number;

  /** @param onDone called with each operation when its page has left, or its program or erase has ended; it may submit more. */
  constructor(sim: Lanes, device: FlashDevice, onDone: (op: number) => void) {
    this.sim = sim;
    this.onDone = onDone;
    this.channelBusyNs = 0;
    this.unitBusyNs = 0;
    this.pageBytes = device.page_bytes;
    this.channels = device.channels;
    this.dataFirst = device.bus === 'data-first';
    this.fair = device.bus === 'fair';
    this.commandNs = nsFromSeconds(device.command_s);
    this.planeNs = nsFromSeconds(device.plane_command_s ?? 0);
    this.readNs = nsFromSeconds(device.read_s);
    this.programNs = nsFromSeconds(device.program_s ?? 0);
    this.eraseNs = nsFromSeconds(device.erase_s ?? 0);
    this.nsPerByte = 1e9 / device.channel_bytes_per_s;
    const { channels } = device;
    const layout = layoutOf(device);
    this.perChannel = layout.unitsPerChannel;
    this.planes = planesOf(device);
    this.all = new CommandUnits(this.ops, device, layout);
    this.units = this.all.count;
    this.unitOf = layout.unitOf.map((unit) => this.all.at(unit));
    this.sensedAt = new Float64Array(this.all.words.length);
    this.blockPages = device.block_bytes / device.page_bytes;
    this.words = new Int32Array(channels * WORDS);
    this.times = new Float64Array(channels * WORDS);
    for (let channel = 0; channel < channels * WORDS; channel += WORDS) {
      this.words.fill(NO_OP, channel + CHANNEL.firstSensing, channel + CHANNEL.lastData + 1);
      this.times[channel + WAKE_AT] = Number.POSITIVE_INFINITY;
    }
    this.wakeKind = sim.register((channel) => this.wake(channel));
    this.leftKind = sim.register((channel, op) => this.left(channel, op));
    this.finishedKind = sim.register((unit) => this.finished(unit));
  }

  /**
   * Puts an operation at a place, plane + planes × row. Planes are numbered as round the channels first, then the chips, dies
   * and planes
   * (the order CWDP of Tavakkol et al., MQSim, FAST 2018).
   */
  locate(op: number, place: number): void {
    const { words, reals } = this.ops;
    const row = Math.floor(place / this.planes);
    const plane = place - row * this.planes;
    reals[op + REAL.place] = place;
    words[op + OP.plane] = plane;
    words[op + OP.row] = row - Math.floor(row / this.blockPages) * this.blockPages;
    words[op + OP.unit] = this.unitOf[plane]!;
  }

  /** Queues an operation at its unit. */
  submit(op: number): void {
    const unit = this.ops.words[op + OP.unit]!;
    const channel = this.channelOf(unit);
    if (this.fair) this.ops.reals[op + REAL.since] = this.sim.now;
    this.all.push(unit, op);
    this.words[channel + CHANNEL.ready]! += this.all.refresh(unit);
    if (this.opened === 0) this.serve(channel);
  }

  /** What is submitted until `close` is served together, so that planes can join. */
  open(): void {
    this.opened += 1;
  }

  close(): void {
    this.opened -= 1;
    if (this.opened > 0) return;
    for (let channel = 0; channel < this.channels * WORDS; channel += WORDS) this.serve(channel);
  }

  private channelOf(unit: number): number {
    return this.all.words[unit + UNIT.channel]! * WORDS;
  }

  /**
   * Gives a free channel its next page or command. The end of a command, and of a read, is an event only where the channel
   * could do something then; else whoever comes next finds it.
   */
  private serve(channel: number): void {
    const { words } = this;
    if (words[channel + CHANNEL.transferring] === 1) return;
    const { now } = this.sim;
    const free = this.times[channel + BUSY_UNTIL]!;
    if (free > now) {
      this.wakeBy(channel, free);
      return;
    }
    let sensing = words[channel + CHANNEL.firstSensing]!;
    while (sensing !== NO_UNIT && this.sensedAt[sensing]! <= now) sensing = this.takeIn(channel, sensing);
    const page = this.firstLeaving(channel);
    if (page !== NO_OP && this.pageGoesFirst(channel, page)) this.leave(channel, page);
    else if (words[channel + CHANNEL.ready]! > 0) this.command(channel);
    else if (sensing !== NO_UNIT) this.wakeBy(channel, this.sensedAt[sensing]!);
  }

  private pageGoesFirst(channel: number, page: number): boolean {
    if (this.dataFirst || this.words[channel + CHANNEL.ready] === 0) return true;
    return this.fair && this.ops.reals[page + REAL.since]! <= this.firstCommandSince(channel);
  }

  private wakeBy(channel: number, timeNs: number): void {
    if (this.times[channel + WAKE_AT]! <= timeNs) return;
    this.times[channel + WAKE_AT] = timeNs;
    this.sim.at(timeNs, this.wakeKind, channel);
  }

  private wake(channel: number): void {
    if (this.times[channel + WAKE_AT]! <= this.sim.now) this.times[channel + WAKE_AT] = Number.POSITIVE_INFINITY;
    this.serve(channel);
  }

  /** The pages of a unit have been read and wait to leave; returns the unit that is next to have read its own. */
  private takeIn(channel: number, unit: number): number {
    const { words } = this;
    const units = this.all.words;
    const ops = this.ops.words;
    const next = units[unit + UNIT.nextSensing]!;
    words[channel + CHANNEL.firstSensing] = next;
    if (next === NO_UNIT) words[channel + CHANNEL.lastSensing] = NO_UNIT;
    units[unit + UNIT.running] = 0;
    for (let op = units[unit + UNIT.group]!; op !== NO_OP; ) {
      const after = ops[op + OP.next]!;
      if (this.fair) this.ops.reals[op + REAL.since] = this.sensedAt[unit]!;
      units[unit + UNIT.held]! += 1;
      const queue = channel + (ops[op + OP.kind] === KIND.mapping ? CHANNEL.firstTable : CHANNEL.firstData);
      const last = words[queue + 1]!;
      ops[op + OP.next] = NO_OP;
      words[queue + 1] = op;
      if (last === NO_OP) words[queue] = op;
      else ops[last + OP.next] = op;
      op = after;
    }
    words[channel + CHANNEL.ready]! += this.all.refresh(unit);
    return next;
  }

  /** A unit will have read its pages at a time. */
  private sense(channel: number, unit: number, timeNs: number): void {
    const { words } = this;
    this.sensedAt[unit] = timeNs;
    this.all.words[unit + UNIT.nextSensing] = NO_UNIT;
    const last = words[channel + CHANNEL.lastSensing]!;
    if (last === NO_UNIT) words[channel + CHANNEL.firstSensing] = unit;
    else this.all.words[last + UNIT.nextSensing] = unit;
    words[channel + CHANNEL.lastSensing] = unit;
  }

  private firstLeaving(channel: number): number {
    const table = this.words[channel + CHANNEL.firstTable]!;
    return table === NO_OP ? this.words[channel + CHANNEL.firstData]! : table;
  }

  /** The unit of an index in a channel. */
  private unitAt(channel: number, index: number): number {
    return this.all.at((channel / WORDS) * this.perChannel + index);
  }

  private firstCommandSince(channel: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.perChannel; index++) {
      const unit = this.unitAt(channel, index);
      if (this.all.words[unit + UNIT.ready] === 0) continue;
      earliest = Math.min(earliest, this.ops.reals[this.all.first(unit) + REAL.since]!);
    }
    return earliest;
  }

  /** Sends a command to the next unit in turn that can take one, of which there is one. */
  private command(channel: number): void {
    const count = this.perChannel;
    let turn = this.words[channel + CHANNEL.turn]!;
    while (this.all.words[this.unitAt(channel, turn) + UNIT.ready] === 0) turn = turn + 1 === count ? 0 : turn + 1;
    this.words[channel + CHANNEL.turn] = turn + 1 === count ? 0 : turn + 1;
    this.issue(channel, this.unitAt(channel, turn));
  }

  private issue(channel: number, unit: number): void {
    const { words, all } = this;
    all.gather(unit);
    const program = PROGRAMS[all.kind] === 1;
    const reads = READS[all.kind] === 1;
    const commandNs = this.commandNs + (all.pages - 1) * this.planeNs;
    const busNs = commandNs + (program ? this.transferNs(all.bytes) : 0);
    const workNs = reads ? this.readNs : program ? this.programNs : this.eraseNs;
    all.words[unit + UNIT.running] = 1;
    words[channel + CHANNEL.ready]! += all.refresh(unit);
    this.channelBusyNs += busNs;
    this.unitBusyNs += busNs + workNs;
    const free = this.sim.now + busNs;
    this.times[channel + BUSY_UNTIL] = free;
    if (reads) this.sense(channel, unit, free + workNs);
    else this.sim.at(free + workNs, this.finishedKind, unit);
    const sensing = words[channel + CHANNEL.firstSensing]!;
    const useful = words[channel + CHANNEL.ready]! > 0 || this.firstLeaving(channel) !== NO_OP;
    if (useful || (sensing !== NO_UNIT && this.sensedAt[sensing]! <= free)) this.wakeBy(channel, free);
    else if (sensing !== NO_UNIT) this.wakeBy(channel, this.sensedAt[sensing]!);
  }

  private transferNs(bytes: number): number {
    if (bytes !== this.lastBytes) {
      this.lastBytes = bytes;
      this.lastNs = ceilNs(bytes * this.nsPerByte);
    }
    return this.lastNs;
  }

  private leave(channel: number, op: number): void {
    const { words } = this;
    const ops = this.ops.words;
    const queue = channel + (ops[op + OP.kind] === KIND.mapping ? CHANNEL.firstTable : CHANNEL.firstData);
    const after = ops[op + OP.next]!;
    words[queue] = after;
    if (after === NO_OP) words[queue + 1] = NO_OP;
    words[channel + CHANNEL.transferring] = 1;
    const ns = this.transferNs(ops[op + OP.bytes]!);
    this.channelBusyNs += ns;
    this.sim.at(this.sim.now + ns, this.leftKind, channel, op);
  }

  private left(channel: number, op: number): void {
    const unit = this.ops.words[op + OP.unit]!;
    this.all.words[unit + UNIT.held]! -= 1;
    this.words[channel + CHANNEL.ready]! += this.all.refresh(unit);
    this.onDone(op);
    this.words[channel + CHANNEL.transferring] = 0;
    this.serve(channel);
  }

  private finished(unit: number): void {
    const { ops } = this;
    const channel = this.channelOf(unit);
    this.all.words[unit + UNIT.running] = 0;
    this.words[channel + CHANNEL.ready]! += this.all.refresh(unit);
    for (let op = this.all.words[unit + UNIT.group]!; op !== NO_OP; ) {
      const after = ops.words[op + OP.next]!;
      if (PROGRAMS[ops.words[op + OP.kind]!] === 1) this.programmedPages += 1;
      else this.erasedBlocks += 1;
      this.onDone(op);
      op = after;
    }
    this.serve(channel);
  }
}
