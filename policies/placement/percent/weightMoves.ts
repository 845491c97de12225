import { type Actions, NONE, type Task } from '../../../sim/types/index.ts';
import { COPY_WORKERS, type Shared } from './shared.ts';

/** Brings one sub-layer's weights to the GPU: from pinned memory by DMA, from unpinned over the host thread, from files by workers. */
export class WeightMoves {
  private readonly shared: Shared;

  constructor(shared: Shared) {
    this.shared = shared;
  }

  /** Everything of a sub-layer that is not on the GPU; the returned task ends when it has arrived. */
  load(actions: Actions, layer: number, after: Task): Task {
    const { levels, homes, fields } = this.shared;
    const { cpu, disk, loaded_bytes } = homes[layer]!;
    if (loaded_bytes === 0) return NONE;
    const room = actions.allocate(levels.gpu, 'weight', loaded_bytes, after);
    const arrivals: Task[] = [room];
    // Storage order is disk first: the workers are at it while the host thread relays the rest.
    for (const tensor of disk) {
      arrivals.push(
        actions.readFile({
          file: tensor.id,
          bytes: tensor.bytes,
          memory: levels.gpu,
          stream: 'weight_read',
          workers: COPY_WORKERS,
          after: room,
        }),
      );
    }
    for (const tensor of cpu) {
      // Vectors are always pinned (FlexGen, `init_weight_list`).
      const pinned = fields.pin_weights || tensor.dimensions < 2;
      const relayed = pinned
        ? room
        : actions.join([room, actions.host(tensor.bytes / this.shared.host.relay_bytes_per_s, 'weight_read', NONE)]);
      arrivals.push(
        actions.move({
          from: this.shared.cpu,
          to: levels.gpu,
          bytes: tensor.bytes,
          stream: 'weight_read',
          host_memory: 'pinned',
          queue: fields.overlap ? 'load_weight' : this.shared.gpuUnit,
          workers: null,
          limit_bytes_per_s: Number.POSITIVE_INFINITY,
          after: relayed,
        }),
      );
    }
    return actions.join(arrivals);
  }
}
