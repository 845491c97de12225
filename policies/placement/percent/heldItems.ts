import type { Actions, Task } from '../../../sim/types/index.ts';
import type { Shared } from './shared.ts';

/** K and V. */
const KV_TENSORS = 2;

/**
 * GPU tensors that idle copy workers keep alive: a worker holds the tensor it copied last until its next item, so as
 * many of the latest items as there are workers stay in device memory (FlexGen, `copy_worker_func`). The peaks of
 * LLM-PQ's FlexGen logs contain exactly them.
 */
export class HeldItems {
  private readonly memory: string;
  private readonly most: number;
  private readonly held: number[] = [];

  constructor({ levels, fields, precision }: Shared) {
    this.memory = levels.gpu;
    // A quantised tensor is two items, its data and its scales.
    this.most = Math.floor(fields.copy_workers / (precision.kv_bits < 16 ? 2 : 1));
  }

  /** Instead of giving `bytes` of KV back after a worker has copied them. */
  release(actions: Actions, bytes: number, after: Task, side_tensors = 0): void {
    this.held.push(bytes);
    // Tensors beside K and V take their turns with the workers, and are small.
    const most = Math.floor((this.most * KV_TENSORS) / (KV_TENSORS + side_tensors));
    while (this.held.length > most) actions.free(this.memory, 'kv', this.held.shift()!, after);
  }
}
