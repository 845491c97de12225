import type { Actions, Kernel, StreamName, Task } from '../../../sim/types/index.ts';

/** Copies inside a device's memory: every byte is read once and written once. */
export class DeviceCopies {
  private readonly unit: string;
  /** One kernel list per size, so that its cost is found once. */
  private readonly kernels = new Map<number, readonly Kernel[]>();

  constructor(unit: string) {
    this.unit = unit;
  }

  run(actions: Actions, bytes: number, stream: StreamName, after: Task, queue: string): Task {
    let kernels = this.kernels.get(bytes);
    if (kernels === undefined) {
      kernels = [copyKernel(bytes)];
      this.kernels.set(bytes, kernels);
    }
    return actions.run(this.unit, kernels, stream, after, 0, queue);
  }
}

const copyKernel = (bytes: number): Kernel => ({
  name: 'copy',
  part: 'other',
  dtype: 'fp16',
  flops: 0,
  operand_bytes: 0,
  activation_bytes: 2 * bytes,
  launches: 1,
});
