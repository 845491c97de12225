import { InputError } from '../../../input/index.ts';

/**
 * TFLM's offline plan, the metadata entry "OfflineMemoryAllocation": little-endian 32-bit integers, which are version,
 * number of subgraphs, number of buffers, then one offset per buffer, −1 where the planner on the device chooses
 * (tflite-micro, docs/memory_management.md).
 * @module
 */

const VERSION = 1;
const CHOOSE = -1;

/** Name of the metadata entry. */
export const OFFLINE_PLAN = 'OfflineMemoryAllocation';

/** The bytes of a plan; null offsets are left to the device. */
export function encodeOfflinePlan(offsets: readonly (number | null)[], subgraphs = 1): Uint8Array {
  const words = Int32Array.from([VERSION, subgraphs, offsets.length, ...offsets.map((offset) => offset ?? CHOOSE)]);
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setInt32(4 * i, word, true);
  return bytes;
}

/**
 * The offsets of a plan, null where the device chooses.
 * @throws InputError where the bytes are no plan.
 */
export function decodeOfflinePlan(bytes: Uint8Array): (number | null)[] {
  const bad = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected });
  if (bytes.length < 12 || bytes.length % 4 !== 0) {
    throw bad(`an offline plan of ${bytes.length} bytes is cut off`, 'at least three 32-bit words');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
  const [version, , count, ...offsets] = words;
  if (version !== VERSION) throw bad(`an offline plan of version ${version}`, `version ${VERSION}`);
  if (count !== offsets.length)
    throw bad(`an offline plan of ${count} buffers holds ${offsets.length} offsets`, 'one each');
  return offsets.map((offset) => (offset === CHOOSE ? null : offset));
}
