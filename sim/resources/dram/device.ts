/**
 * A DRAM as channels (pseudo-channels of an HBM stack) of bank groups of banks, each bank with one row open at a time.
 * Plain numbers in SI units, named by what they mean; the symbols are those of JEDEC's data sheets.
 * @module
 */

export interface DramChannels {
  /** Rate of one channel's pins. */
  readonly pin_bytes_per_s: number;
  /** Bytes of one column access. */
  readonly burst_bytes: number;
  /** Consecutive addresses that stay in one channel. */
  readonly interleave_bytes: number;
  /** How an address inside a channel splits, from the highest bit: `14R-1BG-2B-5C-1BG` (rows, bank groups, banks, columns). */
  readonly address_map: string;
  /** tRCD: from opening a row to its first column access. */
  readonly open_s: number;
  /** tRP: from closing a row to opening the next one of the bank. */
  readonly close_s: number;
  /** tRAS: the least time that a row is open. */
  readonly row_s: number;
  /** tRTP: from a read to closing its row. */
  readonly read_to_close_s: number;
  /** Between rows opened on any banks: the longer of tRRD and a quarter of tFAW. */
  readonly opens_apart_s: number;
  /** tCCD_L: between column accesses to one bank group. */
  readonly group_apart_s: number;
  /** tRFC: a refresh, which closes every row. */
  readonly refresh_s: number;
  /** tREFI: between refreshes. */
  readonly refresh_interval_s: number;
  /** Between asking and data beside the DRAM's own times: port, switch, controller and back. */
  readonly path_s: number;
  /** Rate of the port of one master. */
  readonly port_bytes_per_s: number;
}

export type AddressPart = 'R' | 'BG' | 'B' | 'C';

/** A run of address bits, from the lowest. */
export interface AddressField {
  readonly part: AddressPart;
  readonly bits: number;
}

const FIELD = /^(\d+)(R|BG|B|C)$/;
/** Bits that can be told apart in one word, sign left out. */
const MOST_BITS = 31;

/** The runs of bits of an address map from the lowest; null where the text is no map. */
export function addressFields(map: string): readonly AddressField[] | null {
  const fields = map.split('-').map((text) => FIELD.exec(text.trim()));
  if (fields.some((match) => match === null || Number(match[1]) < 1)) return null;
  return fields.map((match) => ({ part: match![2] as AddressPart, bits: Number(match![1]) })).reverse();
}

export function bitsOf(fields: readonly AddressField[], part: AddressPart): number {
  return fields.reduce((sum, field) => sum + (field.part === part ? field.bits : 0), 0);
}

/** Bytes of one channel of a map that is one; a memory has as many channels as it holds of these. */
export function channelBytes(dram: DramChannels): number {
  return dram.burst_bytes * 2 ** addressFields(dram.address_map)!.reduce((sum, { bits }) => sum + bits, 0);
}

/** Something that no DRAM can be, with the field that says so. */
export interface DramFlaw {
  readonly field: string;
  readonly problem: string;
  readonly expected: string;
}

/** Reasons why channels of a memory of this capacity cannot be; empty when they can. */
export function dramFlaws(dram: DramChannels, capacity_bytes: number): DramFlaw[] {
  const flaws: DramFlaw[] = [];
  const refuse = (field: string, problem: string, expected: string) => flaws.push({ field, problem, expected });
  const fields = addressFields(dram.address_map);
  if (fields === null) {
    refuse('address_map', `"${dram.address_map}" is no address map`, 'runs of bits such as 14R-1BG-2B-5C-1BG');
    return flaws;
  }
  const bits = fields.reduce((sum, field) => sum + field.bits, 0);
  if (bits > MOST_BITS) {
    refuse('address_map', `the map has ${bits} bits`, `at most ${MOST_BITS}`);
    return flaws;
  }
  const channel = channelBytes(dram);
  if (capacity_bytes < channel || capacity_bytes % channel !== 0) {
    refuse(
      'address_map',
      `${capacity_bytes} bytes are no whole number of channels of ${bits} address bits and bursts of ${dram.burst_bytes} bytes`,
      `a multiple of ${channel} bytes`,
    );
  }
  if (dram.interleave_bytes % dram.burst_bytes !== 0 || channel % dram.interleave_bytes !== 0) {
    refuse(
      'interleave_bytes',
      `channels of ${channel} bytes cannot alternate every ${dram.interleave_bytes} bytes`,
      `whole bursts of ${dram.burst_bytes} bytes that divide the channel`,
    );
  }
  if (dram.refresh_s >= dram.refresh_interval_s) {
    refuse('refresh_s', 'a refresh takes longer than the time between two', `below ${dram.refresh_interval_s} s`);
  }
  return flaws;
}
