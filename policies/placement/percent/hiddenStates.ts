import type { Actions, OpView, Task } from '../../../sim/types/index.ts';
import { NONE } from '../../../sim/types/index.ts';
import { COPY_WORKERS, type Shared } from './shared.ts';

/**
 * Hidden states between sub-layers. Where their home is not the GPU they travel on the compute stream, in order with the
 * kernels: store of the batch before, load of the next, then compute (FlexGen, `store_hidden`, `load_hidden`).
 */
export class HiddenStates {
  private readonly shared: Shared;
  private readonly home: 'gpu' | 'cpu' | 'disk';

  constructor(shared: Shared) {
    this.shared = shared;
    const [gpu, cpu] = shared.fields.activations;
    this.home = gpu === 100 ? 'gpu' : cpu === 100 ? 'cpu' : 'disk';
  }

  load(actions: Actions, { op }: OpView, after: Task): Task {
    const { levels, gpuUnit } = this.shared;
    // Where their home is the GPU, an op's output is the next one's input and stays.
    if (this.home === 'gpu' && op.name !== 'embed') return NONE;
    const room = actions.allocate(levels.gpu, 'activation', op.input_bytes, after);
    if (op.name === 'embed') return room;
    if (this.home === 'disk') {
      return actions.readFile({
        file: fileOf(op.batch),
        bytes: op.input_bytes,
        memory: levels.gpu,
        stream: 'activation_read',
        workers: COPY_WORKERS,
        after: room,
      });
    }
    return actions.move({
      from: this.shared.cpu,
      to: levels.gpu,
      bytes: op.input_bytes,
      stream: 'activation_read',
      host_memory: 'pinned',
      queue: gpuUnit,
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after: room,
    });
  }

  store(actions: Actions, { op }: OpView, after: Task): Task {
    const { levels, gpuUnit } = this.shared;
    if (this.home === 'disk' && op.name !== 'head') {
      const stored = actions.writeFile({
        file: fileOf(op.batch),
        bytes: op.output_bytes,
        memory: levels.gpu,
        stream: 'activation_write',
        workers: COPY_WORKERS,
        after,
      });
      return actions.free(levels.gpu, 'activation', op.output_bytes, stored);
    }
    if (op.name === 'head') return actions.free(levels.gpu, 'activation', op.output_bytes, after);
    if (this.home === 'gpu') return NONE;
    const stored = actions.move({
      from: levels.gpu,
      to: this.shared.cpu,
      bytes: op.output_bytes,
      stream: 'activation_write',
      host_memory: 'pinned',
      queue: gpuUnit,
      workers: null,
      limit_bytes_per_s: Number.POSITIVE_INFINITY,
      after,
    });
    return actions.free(levels.gpu, 'activation', op.output_bytes, stored);
  }
}

/** File number of a batch's hidden states, apart from all tensor ids. */
const fileOf = (batch: number): number => -1 - batch;
