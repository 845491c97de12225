/**
 * The ids that machine files may use: the same on every machine, so that metrics and policies can name them.
 * @module
 */

/** Memories; several of a kind count from 0 (`gpu0`). The page cache is a field of its disk. */
export const MEMORY_IDS: readonly string[] = [
  'gpu',
  'cpu',
  'disk',
  'cxl',
  'pool',
  'onchip',
  'hbm',
  'ddr',
  'csd_dram',
  'csd_flash',
  'sram',
  'flash',
];

/** Memories whose writes are slower than their reads by nature: an absent write rate is not the read rate. */
const STORAGE_IDS: readonly string[] = ['disk', 'csd_flash', 'flash'];

/** The id without the number that tells several of a kind apart. */
export const bareId = (id: string): string => id.replace(/\d+$/, '');

export const isMemoryId = (id: string): boolean => MEMORY_IDS.includes(bareId(id));
export const isStorage = (id: string): boolean => STORAGE_IDS.includes(bareId(id));

const DIRECTIONS: Readonly<Record<string, readonly [forward: string, backward: string]>> = {
  pcie: ['h2d', 'd2h'],
  c2c: ['h2d', 'd2h'],
  nvme: ['read', 'write'],
  nvlink: ['tx', 'rx'],
  net: ['tx', 'rx'],
  csd_p2p: ['tx', 'rx'],
};

/** The direction names of a link; the first one runs from `from` to `to`. The id is one that the schema allows. */
export function directionsOf(link: string): readonly [forward: string, backward: string] {
  return DIRECTIONS[link] ?? DIRECTIONS[bareId(link)] ?? ['tx', 'rx'];
}
