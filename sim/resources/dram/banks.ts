import { addressFields, bitsOf, channelBytes, type DramChannels } from './device.ts';
import { Slots } from './slots.ts';

const CLOSED = -1;
const PART = { C: 0, BG: 1, B: 2, R: 3 } as const;
/** Openings keep their distance on any banks; they are told apart to a nanosecond. */
const ANY = 0;
const COMMAND_S = 1e-9;

/** How an access found the row it needs: open, no row of the bank, another one, or a refresh under way. */
export const FOUND = { hit: 0, closed: 1, conflict: 2, refresh: 3 } as const;

/**
 * The banks of all channels, with what each may do next. A bank serves its reads in the order they come; between banks
 * whoever is ready goes first, so reads pass those that wait for a row. A read is settled as soon as it comes.
 *
 * Times are real numbers of ns: none of them is an event.
 */
export class DramBanks {
  /** How the first burst of the last read found its row (`FOUND`). */
  found = 0;

  private readonly dram: DramChannels;
  private readonly count: number;
  /** Runs of address bits from the lowest: whose they are (`PART`), and how many. */
  private readonly parts: Int32Array;
  private readonly widths: Int32Array;
  private readonly groups: number;
  private readonly perChannel: number;
  private readonly burstNs: number;
  private readonly openNs: number;
  private readonly closeNs: number;
  private readonly rowNs: number;
  private readonly readToCloseNs: number;
  private readonly intervalNs: number;
  /** Of each channel: its pins, the opening of its rows, and when its refreshes begin. */
  private readonly pins: readonly Slots[];
  private readonly opens: readonly Slots[];
  private readonly refreshOffset: Float64Array;
  /** Of each bank: its open row and the refresh interval it was opened in, when that was, and its last column access. */
  private readonly row: Int32Array;
  private readonly openedIn: Int32Array;
  private readonly openedAt: Float64Array;
  private readonly accessedAt: Float64Array;
  /** Of the burst that was decoded last. */
  private group = 0;
  private bank = 0;
  private rowOf = 0;

  constructor(dram: DramChannels, capacity_bytes: number) {
    this.dram = dram;
    this.count = capacity_bytes / channelBytes(dram);
    const fields = addressFields(dram.address_map)!;
    this.parts = Int32Array.from(fields, ({ part }) => PART[part]);
    this.widths = Int32Array.from(fields, ({ bits }) => bits);
    this.groups = 2 ** bitsOf(fields, 'BG');
    this.perChannel = this.groups * 2 ** bitsOf(fields, 'B');
    this.burstNs = (dram.burst_bytes / dram.pin_bytes_per_s) * 1e9;
    this.openNs = dram.open_s * 1e9;
    this.closeNs = dram.close_s * 1e9;
    this.rowNs = dram.row_s * 1e9;
    this.readToCloseNs = dram.read_to_close_s * 1e9;
    this.intervalNs = dram.refresh_interval_s * 1e9;
    this.refreshOffset = Float64Array.from({ length: this.count }, (_, channel) => spread(channel) * this.intervalNs);
    const rest = { restNs: dram.refresh_s * 1e9, intervalNs: this.intervalNs };
    const slots = (slot_s: number, apart_s: number): Slots[] =>
      Array.from(this.refreshOffset, (offsetNs) => new Slots(slot_s * 1e9, apart_s * 1e9, { ...rest, offsetNs }));
    this.pins = slots(dram.burst_bytes / dram.pin_bytes_per_s, dram.group_apart_s);
    this.opens = slots(COMMAND_S, dram.opens_apart_s);
    const banks = this.count * this.perChannel;
    this.row = new Int32Array(banks).fill(CLOSED);
    this.openedIn = new Int32Array(banks);
    this.openedAt = new Float64Array(banks).fill(Number.NEGATIVE_INFINITY);
    this.accessedAt = new Float64Array(banks).fill(Number.NEGATIVE_INFINITY);
  }

  channelOf(address: number): number {
    return Math.floor(address / this.dram.interleave_bytes) % this.count;
  }

  /** When the last of `bytes` from `address` on has left its channel, asked for at a time; they lie in one channel. */
  read(address: number, bytes: number, atNs: number): number {
    const { interleave_bytes: unit, burst_bytes: burst } = this.dram;
    const { count } = this;
    const channel = this.channelOf(address);
    const local = Math.floor(address / (unit * count)) * unit + (address % unit);
    const first = Math.floor(local / burst);
    const end = Math.ceil((local + bytes) / burst);
    let leaves = atNs;
    for (let index = first; index < end; index++) {
      this.decode(index);
      const found = this.ready(channel, atNs);
      if (index === first) this.found = this.pins[channel]!.awake(atNs) > atNs ? FOUND.refresh : found;
      const bank = channel * this.perChannel + this.bank;
      const access = this.pins[channel]!.take(Math.max(atNs, this.openedAt[bank]! + this.openNs), this.group);
      this.accessedAt[bank] = Math.max(this.accessedAt[bank]!, access);
      leaves = Math.max(leaves, access + this.burstNs);
    }
    return leaves;
  }

  private decode(index: number): void {
    const { parts, widths } = this;
    let left = index;
    let group = 0;
    let groupBits = 0;
    let bank = 0;
    let bankBits = 0;
    let row = 0;
    let rowBits = 0;
    for (let i = 0; i < parts.length; i++) {
      const bits = widths[i]!;
      const value = left & ((1 << bits) - 1);
      left >>>= bits;
      if (parts[i] === PART.BG) {
        group |= value << groupBits;
        groupBits += bits;
      } else if (parts[i] === PART.B) {
        bank |= value << bankBits;
        bankBits += bits;
      } else if (parts[i] === PART.R) {
        row |= value << rowBits;
        rowBits += bits;
      }
    }
    this.group = group;
    this.bank = bank * this.groups + group;
    this.rowOf = row;
  }

  /** Opens the row of the burst that was decoded last where it is not open; returns how it was found. */
  private ready(channel: number, atNs: number): number {
    const bank = channel * this.perChannel + this.bank;
    // A refresh has closed every row that was opened before it.
    const since = this.intervalOf(channel, Math.max(atNs, this.openedAt[bank]!));
    const isOpen = this.row[bank] !== CLOSED && this.openedIn[bank] === since;
    if (isOpen && this.row[bank] === this.rowOf) return FOUND.hit;
    const opens = this.opens[channel]!.take(isOpen ? this.close(bank, atNs) : atNs, ANY);
    this.row[bank] = this.rowOf;
    this.openedAt[bank] = opens;
    this.openedIn[bank] = this.intervalOf(channel, opens);
    return isOpen ? FOUND.conflict : FOUND.closed;
  }

  /** From when a bank whose row is closed for another can open that. */
  private close(bank: number, atNs: number): number {
    const closes = Math.max(atNs, this.openedAt[bank]! + this.rowNs, this.accessedAt[bank]! + this.readToCloseNs);
    return closes + this.closeNs;
  }

  /** Number of the refresh interval of a channel that a time lies in. */
  private intervalOf(channel: number, timeNs: number): number {
    return Math.floor((timeNs - this.refreshOffset[channel]!) / this.intervalNs);
  }
}

/** The share of the refresh interval by which a channel comes after the first: 0, 1/2, 1/4, 3/4, … (its bits reversed). */
function spread(channel: number): number {
  let share = 0;
  for (let bits = channel, half = 0.5; bits > 0; bits >>>= 1, half /= 2) share += (bits & 1) * half;
  return share;
}
