import * as v from 'valibot';
import { curve, energy, memoryId, positive, provenance, rate, time } from './schemaParts.ts';

/**
 * Links: one family of field names a kind of link, so that a direction cannot be misread.
 * @module
 */

const transferTimes = (direction: string) =>
  v.exactOptional(
    curve(
      positive('bytes', 'Bytes of one transfer'),
      positive('s', 'Time of one transfer'),
      `Measured [bytes, time] of single ${direction} transfers.`,
    ),
  );

const linkFields = {
  from: memoryId('The end that the first direction leaves'),
  to: memoryId('The end that the first direction reaches'),
  setup_s: time('Fixed cost of one transfer. Absent: not modelled'),
  total_bytes_per_s: rate('Joint limit of both directions. Absent: they are independent'),
  copy_engines: v.exactOptional(positive('count', 'Transfers in flight a direction. Absent: 1')),
  energy: v.exactOptional(energy),
  ...provenance,
};

/** The fields of one direction of a link; a link gives the plateau of both directions or of none. */
function direction<const N extends string>(name: N, meaning: string) {
  const fields = {
    [`${name}_bytes_per_s`]: rate(`${meaning}: plateau of one large transfer. Absent: the ends limit, not the link`),
    [`${name}_duplex_bytes_per_s`]: rate(`${meaning}: plateau while the other direction is busy. Absent: unchanged`),
    [`${name}_transfer_times`]: transferTimes(name),
  };
  return fields as Record<`${N}_${'' | 'duplex_'}bytes_per_s`, ReturnType<typeof rate>> &
    Record<`${N}_transfer_times`, ReturnType<typeof transferTimes>>;
}

/** Only a host link tells pinned from pageable memory. */
const pageable = (meaning: string) => rate(`${meaning}: plateau with pageable host memory, bounce buffer included`);

export const hostLinkSchema = v.strictObject({
  ...linkFields,
  ...direction('h2d', 'Host to device, pinned'),
  ...direction('d2h', 'Device to host, pinned'),
  h2d_pageable_bytes_per_s: pageable('Host to device'),
  d2h_pageable_bytes_per_s: pageable('Device to host'),
});
export const diskLinkSchema = v.strictObject({
  ...linkFields,
  ...direction('read', 'Disk to host'),
  ...direction('write', 'Host to disk'),
});
export const peerLinkSchema = v.strictObject({
  ...linkFields,
  ...direction('tx', 'Sending'),
  ...direction('rx', 'Receiving'),
  collective_bytes_per_s: v.exactOptional(
    curve(
      positive('bytes', 'Bytes of the buffer'),
      positive('bytes_per_s', 'Bus bandwidth: 2 (n - 1) / n x bytes / time of an all-reduce'),
      'Measured collectives over the whole node: [bytes, bus bandwidth], a power of the size between points; a buffer below the least takes as long as that. Absent: the plateau.',
    ),
  ),
  collective_setup_s: time(
    'Time of a collective beyond what it moves: launch and synchronisation. Absent: not modelled',
  ),
});

/** Several links of a kind count from 0. */
function numbered<const N extends string, S extends v.GenericSchema>(id: N, schema: S) {
  const entries = [id, ...[0, 1, 2, 3].map((n) => `${id}${n}`)].map((key) => [key, v.exactOptional(schema)]);
  return Object.fromEntries(entries) as Record<N | `${N}${0 | 1 | 2 | 3}`, v.ExactOptionalSchema<S, undefined>>;
}

export const linksSchema = v.pipe(
  v.strictObject({
    ...numbered('pcie', hostLinkSchema),
    c2c: v.exactOptional(hostLinkSchema),
    ...numbered('nvme', diskLinkSchema),
    nvlink: v.exactOptional(peerLinkSchema),
    net: v.exactOptional(peerLinkSchema),
    ...numbered('csd_p2p', peerLinkSchema),
  }),
  v.description('Links by id. Directions: pcie and c2c h2d/d2h, nvme read/write, nvlink, net and csd_p2p tx/rx.'),
);
