import { InputError } from '../input/errors.ts';
import type { MemoryLayout } from '../sim/types/index.ts';
import { encodeOfflinePlan } from '../workloads/modelFiles/tflite/offlinePlan.ts';

/**
 * The addresses of a run as the "OfflineMemoryAllocation" of its `.tflite` file: one for every tensor of the file, those
 * that no buffer holds left to the device.
 * @throws InputError for a network of another origin, a planner without addresses, or a patch stage, which the device's
 * interpreter does not have.
 */
export function offlinePlan(layout: MemoryLayout | undefined): Uint8Array {
  const refuse = (problem: string, expected: string): InputError =>
    new InputError({ code: 'bad_value', problem, expected });
  if (layout?.file_tensors === undefined)
    throw refuse('no tensors to give addresses to', 'a .tflite file as the model');
  if (layout.patches !== null) throw refuse('an interpreter has no patch stage', 'policy.schedule={kind: layer}');
  const offsets = new Array<number | null>(layout.file_tensors).fill(null);
  for (const { file_index, offset_bytes } of layout.buffers) {
    if (offset_bytes === null)
      throw refuse('this planner gives no addresses', 'policy.planner.kind=tflm-greedy or exact');
    offsets[file_index!] = offset_bytes;
  }
  return encodeOfflinePlan(offsets);
}
