import type { Lanes } from '../../kernel/lanes.ts';
import { ceilNs, nsFromSeconds } from '../../kernel/time.ts';
import { type FlashDevice, planesOf } from './device.ts';
import { KIND, KINDS, NO_OP, OpQueues, PageOps } from './pool.ts';

/** Pages that a command unit can hold beside the one it is reading: its page register, and a cache register. */
const REGISTERS = { holding: 1, caching: 2 } as const;

/** By kind: whether it programs, whether it reads, and whose pages on other planes join its own. */
const PROGRAMS = [0, 0, 1, 0, 0, 1] as const;
const READS = [1, 1, 0, 0, 1, 0] as const;
const NO_UNIT = -1;
const PARTNER = [KIND.read, KIND.read, KIND.program, NO_OP, NO_OP, NO_OP] as const;

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
  /** Command units per channel, and in all. */
  readonly unitsPerChannel: number;
  readonly units: number;
  /** Sums of ns in which channels and command units were busy. */
  channelBusyNs = 0;
  unitBusyNs = 0;
  programmedPages = 0;
  erasedBlocks = 0;

  private readonly sim: Lanes;
  private readonly device: FlashDevice;
  private readonly onDone: (op: number) => void;
  private readonly commandNs: number;
  private readonly planeNs: number;
  private readonly readNs: number;
  private readonly programNs: number;
  private readonly eraseNs: number;
  private readonly nsPerByte: number;
  /** Time of the last transfer's size, which most share. */
  private lastBytes = 0;
  private lastNs = 0;
  private readonly registers: number;
  private readonly waiting: OpQueues;
  /** Pages that wait to leave: per channel those of the mapping table, then data. */
  private readonly leaving: OpQueues;
  /** Of each channel: until when a command takes it, whether a page is leaving, and when it is looked at next. */
  private readonly busyUntil: Float64Array;
  private readonly transferring: Uint8Array;
  private readonly wakeAt: Float64Array;
  /** Units whose pages are being read, by channel in the order in which they will be, and when. */
  private readonly firstSensing: Int32Array;
  private readonly lastSensing: Int32Array;
  private readonly nextSensing: Int32Array;
  private readonly sensedAt: Float64Array;
  private readonly turn: Int32Array;
  /** Operations waiting at each unit. */
  private readonly queued: Int32Array;
  /** Whether a unit can take a command and has one waiting, and how many of each channel do. */
  private readonly ready: Uint8Array;
  private readonly readyCount: Int32Array;
  private readonly channelOf: Int32Array;
  /** Of each plane: its command unit, its die among all, and its bit inside that die. */
  private readonly planes: number;
  private readonly unitOf: Int32Array;
  private readonly dieOf: Int32Array;
  private readonly bitOf: Int32Array;
  private readonly blockPages: number;
  private readonly running: Uint8Array;
  private readonly held: Int32Array;
  private readonly group: Int32Array;
  /** Of the group that is being made: its last operation, its bytes, its size and the bits of its planes. */
  private groupEnd = NO_OP;
  private groupBytes = 0;
  private groupSize = 0;
  private groupPlanes = 0;
  private opened = 0;
  private readonly wakeKind: number;
  private readonly leftKind: number;
  private readonly finishedKind: number;

  /** @param onDone called with each operation when its page has left, or its program or erase has ended; it may submit more. */
  constructor(sim: Lanes, device: FlashDevice, onDone: (op: number) => void) {
    this.sim = sim;
    this.device = device;
    this.onDone = onDone;
    this.pageBytes = device.page_bytes;
    this.unitsPerChannel = device.chips_per_channel * (device.command_unit === 'die' ? device.dies_per_chip : 1);
    this.units = device.channels * this.unitsPerChannel;
    this.commandNs = nsFromSeconds(device.command_s);
    this.planeNs = nsFromSeconds(device.plane_command_s ?? 0);
    this.readNs = nsFromSeconds(device.read_s);
    this.programNs = nsFromSeconds(device.program_s ?? 0);
    this.eraseNs = nsFromSeconds(device.erase_s ?? 0);
    this.nsPerByte = 1e9 / device.channel_bytes_per_s;
    this.registers = device.holds_page ? REGISTERS.holding : REGISTERS.caching;
    this.waiting = new OpQueues(this.ops, this.units * KINDS);
    this.leaving = new OpQueues(this.ops, device.channels * 2);
    this.busyUntil = new Float64Array(device.channels);
    this.transferring = new Uint8Array(device.channels);
    this.wakeAt = new Float64Array(device.channels).fill(Number.POSITIVE_INFINITY);
    this.firstSensing = new Int32Array(device.channels).fill(NO_UNIT);
    this.lastSensing = new Int32Array(device.channels).fill(NO_UNIT);
    this.nextSensing = new Int32Array(this.units).fill(NO_UNIT);
    this.sensedAt = new Float64Array(this.units);
    this.turn = new Int32Array(device.channels);
    this.queued = new Int32Array(this.units);
    this.ready = new Uint8Array(this.units);
    this.readyCount = new Int32Array(device.channels);
    this.channelOf = Int32Array.from({ length: this.units }, (_, unit) => Math.floor(unit / this.unitsPerChannel));
    this.running = new Uint8Array(this.units);
    this.held = new Int32Array(this.units);
    this.group = new Int32Array(this.units).fill(NO_OP);
    const { channels, chips_per_channel: chips, dies_per_chip: dies } = device;
    this.planes = planesOf(device);
    const layout = Array.from({ length: this.planes }, (_, plane) => {
      const chip = Math.floor(plane / channels) % chips;
      const die = Math.floor(plane / (channels * chips)) % dies;
      const channel = plane % channels;
      return {
        unit: channel * this.unitsPerChannel + (device.command_unit === 'die' ? chip * dies + die : chip),
        die: (channel * chips + chip) * dies + die,
        bit: 1 << Math.floor(plane / (channels * chips * dies)),
      };
    });
    this.unitOf = Int32Array.from(layout, ({ unit }) => unit);
    this.dieOf = Int32Array.from(layout, ({ die }) => die);
    this.bitOf = Int32Array.from(layout, ({ bit }) => bit);
    this.blockPages = device.block_bytes / device.page_bytes;
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
    const { ops } = this;
    const row = Math.floor(place / this.planes);
    const plane = place - row * this.planes;
    ops.place[op] = place;
    ops.plane[op] = plane;
    ops.row[op] = row - Math.floor(row / this.blockPages) * this.blockPages;
    ops.unit[op] = this.unitOf[plane]!;
  }

  /** Queues an operation at its unit. */
  submit(op: number): void {
    const { ops } = this;
    const unit = ops.unit[op]!;
    ops.since[op] = this.sim.now;
    this.queued[unit]! += 1;
    this.waiting.push(unit * KINDS + ops.kind[op]!, op);
    this.refresh(unit);
    if (this.opened === 0) this.serve(this.channelOf[unit]!);
  }

  /** What is submitted until `close` is served together, so that planes can join. */
  open(): void {
    this.opened += 1;
  }

  close(): void {
    this.opened -= 1;
    if (this.opened > 0) return;
    for (let channel = 0; channel < this.device.channels; channel++) this.serve(channel);
  }

  /**
   * Gives a free channel its next page or command. The end of a command, and of a read, is an event only where the channel
   * could do something then; else whoever comes next finds it.
   */
  private serve(channel: number): void {
    if (this.transferring[channel] === 1) return;
    const free = this.busyUntil[channel]!;
    if (free > this.sim.now) {
      this.wakeBy(channel, free);
      return;
    }
    this.takeIn(channel);
    const page = this.firstLeaving(channel);
    if (page !== NO_OP && this.pageGoesFirst(channel, page)) this.leave(channel, page);
    else if (this.readyCount[channel]! > 0) this.command(channel);
    else if (this.firstSensing[channel] !== NO_UNIT) {
      this.wakeBy(channel, this.sensedAt[this.firstSensing[channel]!]!);
    }
  }

  private pageGoesFirst(channel: number, page: number): boolean {
    if (this.readyCount[channel] === 0 || this.device.bus === 'data-first') return true;
    return this.device.bus === 'fair' && this.ops.since[page]! <= this.firstCommandSince(channel);
  }

  private wakeBy(channel: number, timeNs: number): void {
    if (this.wakeAt[channel]! <= timeNs) return;
    this.wakeAt[channel] = timeNs;
    this.sim.at(timeNs, this.wakeKind, channel);
  }

  private wake(channel: number): void {
    if (this.wakeAt[channel]! <= this.sim.now) this.wakeAt[channel] = Number.POSITIVE_INFINITY;
    this.serve(channel);
  }

  /** The pages that have been read by now wait to leave. */
  private takeIn(channel: number): void {
    const { ops } = this;
    for (;;) {
      const unit = this.firstSensing[channel]!;
      if (unit === NO_UNIT || this.sensedAt[unit]! > this.sim.now) return;
      this.firstSensing[channel] = this.nextSensing[unit]!;
      if (this.nextSensing[unit] === NO_UNIT) this.lastSensing[channel] = NO_UNIT;
      this.running[unit] = 0;
      for (let op = this.group[unit]!; op !== NO_OP; ) {
        const after = ops.next[op]!;
        ops.since[op] = this.sensedAt[unit]!;
        this.held[unit]! += 1;
        this.leaving.push(2 * channel + (ops.kind[op] === KIND.mapping ? 0 : 1), op);
        op = after;
      }
      this.refresh(unit);
    }
  }

  /** A unit will have read its pages at a time. */
  private sense(channel: number, unit: number, timeNs: number): void {
    this.sensedAt[unit] = timeNs;
    this.nextSensing[unit] = NO_UNIT;
    const last = this.lastSensing[channel]!;
    if (last === NO_UNIT) this.firstSensing[channel] = unit;
    else this.nextSensing[last] = unit;
    this.lastSensing[channel] = unit;
  }

  private firstLeaving(channel: number): number {
    const mapping = this.leaving.head[2 * channel]!;
    return mapping === NO_OP ? this.leaving.head[2 * channel + 1]! : mapping;
  }

  private refresh(unit: number): void {
    const ready = this.queued[unit]! > 0 && this.running[unit] === 0 && this.held[unit]! < this.registers ? 1 : 0;
    if (ready === this.ready[unit]) return;
    this.ready[unit] = ready;
    this.readyCount[this.channelOf[unit]!]! += ready === 1 ? 1 : -1;
  }

  private firstCommandSince(channel: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    const from = channel * this.unitsPerChannel;
    for (let unit = from; unit < from + this.unitsPerChannel; unit++) {
      if (this.ready[unit] === 0) continue;
      earliest = Math.min(earliest, this.ops.since[this.waiting.head[this.queueOf(unit)]!]!);
    }
    return earliest;
  }

  /** Sends a command to the next unit in turn that can take one, of which there is one. */
  private command(channel: number): void {
    const count = this.unitsPerChannel;
    const from = channel * count;
    let turn = this.turn[channel]!;
    while (this.ready[from + turn] === 0) turn = turn + 1 === count ? 0 : turn + 1;
    this.turn[channel] = turn + 1 === count ? 0 : turn + 1;
    this.issue(channel, from + turn);
  }

  private queueOf(unit: number): number {
    let queue = unit * KINDS;
    while (this.waiting.head[queue] === NO_OP) queue += 1;
    return queue;
  }

  private issue(channel: number, unit: number): void {
    const queue = this.queueOf(unit);
    const kind = queue - unit * KINDS;
    const bytes = this.gather(unit, queue);
    const program = PROGRAMS[kind] === 1;
    const commandNs = this.commandNs + (this.groupSize - 1) * this.planeNs;
    const busNs = commandNs + (program ? this.transferNs(bytes) : 0);
    const reads = READS[kind] === 1;
    const workNs = reads ? this.readNs : program ? this.programNs : this.eraseNs;
    this.running[unit] = 1;
    this.refresh(unit);
    this.channelBusyNs += busNs;
    this.unitBusyNs += busNs + workNs;
    const free = this.sim.now + busNs;
    this.busyUntil[channel] = free;
    if (reads) this.sense(channel, unit, free + workNs);
    else this.sim.at(free + workNs, this.finishedKind, unit);
    const sensing = this.firstSensing[channel]!;
    const useful = this.readyCount[channel]! > 0 || this.firstLeaving(channel) !== NO_OP;
    if (useful || (sensing !== NO_UNIT && this.sensedAt[sensing]! <= free)) this.wakeBy(channel, free);
    else if (sensing !== NO_UNIT) this.wakeBy(channel, this.sensedAt[sensing]!);
  }

  /** Takes the first operation of a queue and those that other planes can do with it; returns their bytes. */
  private gather(unit: number, queue: number): number {
    const { ops, waiting } = this;
    const first = waiting.head[queue]!;
    waiting.remove(queue, first, NO_OP);
    this.queued[unit]! -= 1;
    ops.next[first] = NO_OP;
    this.group[unit] = first;
    this.groupEnd = first;
    this.groupSize = 1;
    this.groupBytes = ops.bytes[first]!;
    this.groupPlanes = this.bitOf[ops.plane[first]!]!;
    const kind = queue - unit * KINDS;
    const joins = PROGRAMS[kind] === 0 || this.device.multi_plane_programs;
    if (joins && this.device.planes_per_die > 1) {
      this.join(unit, queue);
      const own = unit * KINDS;
      const partner =
        kind === KIND.mapping && waiting.head[own + KIND.copyRead] !== NO_OP ? KIND.copyRead : PARTNER[kind]!;
      if (partner !== NO_OP) this.join(unit, own + partner);
    }
    return this.groupBytes;
  }

  /** Adds to the group those of a queue that lie at its row on other planes of its die. */
  private join(unit: number, queue: number): void {
    const { ops, waiting } = this;
    const first = this.group[unit]!;
    const die = this.dieOf[ops.plane[first]!];
    let before = NO_OP;
    for (let op = waiting.head[queue]!; op !== NO_OP; ) {
      const after = ops.next[op]!;
      const plane = this.bitOf[ops.plane[op]!]!;
      if (ops.row[op] === ops.row[first] && this.dieOf[ops.plane[op]!] === die && (this.groupPlanes & plane) === 0) {
        waiting.remove(queue, op, before);
        this.queued[unit]! -= 1;
        this.groupPlanes |= plane;
        this.groupBytes += ops.bytes[op]!;
        this.groupSize += 1;
        ops.next[this.groupEnd] = op;
        ops.next[op] = NO_OP;
        this.groupEnd = op;
      } else before = op;
      op = after;
    }
  }

  private transferNs(bytes: number): number {
    if (bytes !== this.lastBytes) {
      this.lastBytes = bytes;
      this.lastNs = ceilNs(bytes * this.nsPerByte);
    }
    return this.lastNs;
  }

  private leave(channel: number, op: number): void {
    const queue = 2 * channel + (this.ops.kind[op] === KIND.mapping ? 0 : 1);
    this.leaving.remove(queue, op, NO_OP);
    this.transferring[channel] = 1;
    const ns = this.transferNs(this.ops.bytes[op]!);
    this.channelBusyNs += ns;
    this.sim.after(ns, this.leftKind, channel, op);
  }

  private left(channel: number, op: number): void {
    const unit = this.ops.unit[op]!;
    this.held[unit]! -= 1;
    this.refresh(unit);
    this.onDone(op);
    this.transferring[channel] = 0;
    this.serve(channel);
  }

  private finished(unit: number): void {
    const { ops } = this;
    this.running[unit] = 0;
    this.refresh(unit);
    for (let op = this.group[unit]!; op !== NO_OP; ) {
      const after = ops.next[op]!;
      if (PROGRAMS[ops.kind[op]!] === 1) this.programmedPages += 1;
      else this.erasedBlocks += 1;
      this.onDone(op);
      op = after;
    }
    this.serve(this.channelOf[unit]!);
  }
}
