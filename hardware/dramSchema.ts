import * as v from 'valibot';
import { fraction, positive, provenance, text } from './schemaParts.ts';

export const dramSchema = v.pipe(
  v.strictObject({
    refresh_fraction: fraction('Share of the peak that refresh leaves'),
    turnaround: v.pipe(
      v.number(),
      v.minValue(0),
      v.description(
        'Time the bus loses by turning round between reads and writes, per time spent on the rarer of the two.',
      ),
    ),
    ...provenance,
  }),
  v.description('A DRAM whose read_bytes_per_s is the peak of its pins; gives the read_share_curve.'),
);

/** Channels with banks: see `DramChannels` of the simulator for the laws. */
export const dramChannelsSchema = v.pipe(
  v.strictObject({
    pin_bytes_per_s: positive('bytes_per_s', 'Rate of the pins of one channel'),
    burst_bytes: positive('bytes', 'Bytes of one column access'),
    interleave_bytes: positive('bytes', 'Consecutive addresses that stay in one channel'),
    address_map: text(
      'How an address inside a channel splits, from the highest bit: runs of row (R), bank group (BG), bank (B) and column (C) bits, such as 14R-1BG-2B-5C-1BG',
    ),
    open_s: positive('s', 'tRCD: from opening a row to its first column access'),
    close_s: positive('s', 'tRP: from closing a row to opening the next of the bank'),
    row_s: positive('s', 'tRAS: the least time that a row is open'),
    read_to_close_s: positive('s', 'tRTP: from a read to closing its row'),
    opens_apart_s: positive('s', 'Between rows opened on any banks: the longer of tRRD and a quarter of tFAW'),
    group_apart_s: positive('s', 'tCCD_L: between column accesses to one bank group'),
    refresh_s: positive('s', 'tRFC: a refresh, which closes every row'),
    refresh_interval_s: positive('s', 'tREFI: between refreshes'),
    path_s: positive('s', "Between asking and data beside the DRAM's own times: port, switch, controller and back"),
    port_bytes_per_s: positive('bytes_per_s', 'Rate of the port of one master'),
    ...provenance,
  }),
  v.description(
    'A DRAM access by access: as many channels (pseudo-channels of an HBM stack) as it holds, each with pins, banks and rows. Absent: the memory is its rates alone.',
  ),
);
