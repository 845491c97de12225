/**
 * A flash drive as its datasheet and its controller's rules describe it: channels of chips of dies of planes, whole
 * pages, and the host link in front. Plain numbers in SI units.
 * @module
 */

/** Who goes first when a channel is free: pages waiting to leave, new commands, or whoever became ready first. */
export type BusPriority = 'data-first' | 'command-first' | 'fair';

/** The link to the host: packets of `payload_bytes`, each with a header. */
export interface FlashLink {
  readonly lanes: number;
  readonly lane_bytes_per_s: number;
  readonly payload_bytes: number;
  readonly header_bytes: number;
}

/** The table from logical to physical pages, of which the controller's memory holds a part. */
export interface FlashMapping {
  /** Controller memory for the table. */
  readonly cache_bytes: number;
  /** Bytes of the entry of one page. */
  readonly entry_bytes: number;
  /** Bytes read from flash on a miss. */
  readonly read_bytes: number;
  /** Which of the entries that a miss reads stay in the controller: all (the default), or those asked for alone. */
  readonly keeps?: 'all' | 'asked';
}

/** Garbage collection block by block, with plane allocation as `static`. */
export interface FlashCollection {
  /** Collection begins in a plane with fewer free blocks than this. */
  readonly start_blocks: number;
  /** The host's writes to a plane wait while it has fewer free blocks than this, which are kept for copies. */
  readonly stop_blocks: number;
  /** The block collected next: that with the fewest pages still wanted, the one begun first, or one at random. */
  readonly victim: 'greedy' | 'fifo' | 'random';
  /** Whether the drive begins empty (the default), or was filled and overwritten until collection is steady. */
  readonly begins?: 'empty' | 'full';
}

export interface FlashDevice {
  readonly channels: number;
  readonly chips_per_channel: number;
  readonly dies_per_chip: number;
  readonly planes_per_die: number;
  readonly page_bytes: number;
  readonly block_bytes: number;
  /** The least that is moved from a page: reads are rounded out to it. */
  readonly sector_bytes: number;
  /** tR: from the end of the command until a page is in the chip's register. */
  readonly read_s: number;
  /** tProg; absent where the device is only read. */
  readonly program_s?: number;
  /** tErase of a block; absent where the device is only read. */
  readonly erase_s?: number;
  /** Data rate of one channel. */
  readonly channel_bytes_per_s: number;
  /** Time of one command with its address on the channel. */
  readonly command_s: number;
  /** Added to a command for each further plane that joins it: its address, and the wait before it (0 where absent). */
  readonly plane_command_s?: number;
  readonly bus: BusPriority;
  /** What takes commands of its own: a chip for all its dies, or each die. */
  readonly command_unit: 'chip' | 'die';
  /** Whether a command unit stays busy until its page has left, or reads the next page meanwhile (a cache register). */
  readonly holds_page: boolean;
  /** Whether planes of a die are programmed together, or each page alone (reads join where page indices agree). */
  readonly multi_plane_programs: boolean;
  /** Where pages go: `log` (the default), a full drive written round all planes; `static`, an empty one whose pages keep to the plane of their number. */
  readonly allocation?: 'log' | 'static';
  readonly link?: FlashLink;
  readonly mapping?: FlashMapping;
  /** Memory that takes writes before they are programmed; absent: a write ends when its last page is programmed. */
  readonly write_buffer_bytes?: number;
  /** Rate of that memory; absent: it takes no time. */
  readonly write_buffer_bytes_per_s?: number;
  /** Bytes programmed per byte written in the steady state, stated; with it blocks are copied and erased. */
  readonly write_amplification?: number;
  /** Collection that is followed block by block, from which write amplification results. */
  readonly collection?: FlashCollection;
  /** Bytes that may be written before the flash is worn out (TBW). */
  readonly endurance_bytes?: number;
}

/** Something that no device can be, with the field that says so. */
export interface FlashFlaw {
  readonly field: string;
  readonly problem: string;
  readonly expected: string;
}

/** Planes of a die that can work together: one bit each of a word. */
const MOST_PLANES = 32;

/** Reasons why a device of this capacity cannot be; empty when it can. */
export function flashFlaws(device: FlashDevice, capacity_bytes: number): FlashFlaw[] {
  const flaws: FlashFlaw[] = [];
  const refuse = (field: string, problem: string, expected: string) => flaws.push({ field, problem, expected });
  const counts = ['channels', 'chips_per_channel', 'dies_per_chip', 'planes_per_die'] as const;
  for (const field of counts) {
    const value = device[field];
    if (!Number.isInteger(value) || value < 1) refuse(field, `there are ${value} ${field}`, 'a whole number from 1');
  }
  if (device.planes_per_die > MOST_PLANES) {
    refuse('planes_per_die', `a die has ${device.planes_per_die} planes`, `at most ${MOST_PLANES}`);
  }
  if (device.page_bytes > device.block_bytes) {
    refuse('page_bytes', 'a page is larger than a block', `at most ${device.block_bytes} bytes`);
  } else if (device.block_bytes % device.page_bytes !== 0) {
    refuse('block_bytes', 'a block is no whole number of pages', `a multiple of ${device.page_bytes} bytes`);
  }
  if (device.page_bytes % device.sector_bytes !== 0) {
    refuse('sector_bytes', 'a page is no whole number of sectors', `a divisor of ${device.page_bytes} bytes`);
  }
  const { mapping } = device;
  if (mapping !== undefined && mapping.read_bytes > device.page_bytes) {
    refuse('mapping.read_bytes', 'a miss reads more than a page', `at most ${device.page_bytes} bytes`);
  }
  if ((device.write_buffer_bytes ?? Number.POSITIVE_INFINITY) < device.page_bytes) {
    refuse('write_buffer_bytes', 'the write buffer holds less than a page', `at least ${device.page_bytes} bytes`);
  }
  if ((device.write_amplification ?? 1) < 1) {
    refuse('write_amplification', 'less is programmed than is written', 'at least 1');
  }
  const { collection } = device;
  if (collection !== undefined) {
    const { start_blocks: start, stop_blocks: stop } = collection;
    if (device.write_amplification !== undefined) {
      refuse('write_amplification', 'it is stated and also results from collection', 'one of the two');
    }
    if (!Number.isInteger(stop) || stop < 2) {
      refuse('collection.stop_blocks', `${stop} blocks are kept for copies`, 'a whole number from 2');
    }
    if (!Number.isInteger(start) || start < stop) {
      refuse('collection.start_blocks', `collection starts at ${start} free blocks`, `a whole number from ${stop}`);
    }
  }
  const planes = planesOf(device);
  if (flaws.length === 0 && capacity_bytes < planes * device.block_bytes) {
    refuse(
      'block_bytes',
      `${planes} planes of at least one block each are more than the capacity`,
      `at most ${Math.floor(capacity_bytes / planes)} bytes`,
    );
  }
  return flaws;
}

/** Planes of all dies. */
export function planesOf(device: FlashDevice): number {
  return device.channels * device.chips_per_channel * device.dies_per_chip * device.planes_per_die;
}

/** Payload bytes per second that the host link carries in one direction: lanes × rate × payload ÷ (payload + header). */
export function linkPayloadRate(link: FlashLink): number {
  const share = link.payload_bytes / (link.payload_bytes + link.header_bytes);
  return link.lanes * link.lane_bytes_per_s * share;
}

/** Data rate of all channels together: what a reader inside the drive sees at best. */
export function internalRate(device: FlashDevice): number {
  return device.channels * device.channel_bytes_per_s;
}

/** Pages of the part of a device that is addressed, from its beginning. */
export function addressedPages(device: FlashDevice, span_bytes: number): number {
  return Math.max(1, Math.floor(span_bytes / device.page_bytes));
}
