import { nsFromSeconds } from '../kernel/time.ts';
import { Collectives } from '../resources/collectives.ts';
import { kernelSeconds } from '../resources/kernelTime.ts';
import type { ChunkContext } from './emitter.ts';
import { stageParameters } from './memory.ts';

/** What follows the last micro-batch, on one stage. */
export interface UpdateTime {
  readonly total_ns: number;
  readonly reduce_ns: number;
  readonly update_ns: number;
  /** Moves to and from the host, once a step. */
  readonly transfer_ns: number;
  readonly to_host_bytes: number;
  readonly to_device_bytes: number;
}

/**
 * The end of a step: gradients summed over the copies of the model, tied tables over two stages, then the update, each
 * rank for the parameters it owns. An optimizer on the host gets gradients and gives weights back once a step, whatever
 * the number of micro-batches (Ren et al., ZeRO-Offload, USENIX ATC 2021, section 4.1).
 */
export function updateTime({ machine, training, optimizer }: ChunkContext, stage: number): UpdateTime {
  const collectives = new Collectives(machine, training.layout);
  const { matrices, others } = stageParameters(training, stage);
  const parameters = matrices + others;
  const copies = training.layout.data * training.layout.context;
  const gradients = parameters * optimizer.reduce_bytes;
  const weights = parameters * optimizer.gather_bytes;
  const cost = (kind: 'all-reduce' | 'reduce-scatter' | 'all-gather', bytes: number): number =>
    collectives.cost({ kind, group: 'data', bytes }).seconds;
  let reduce = 0;
  if (optimizer.zero === 0) reduce = cost('all-reduce', gradients);
  else if (optimizer.zero < 3) reduce = cost('reduce-scatter', gradients) + cost('all-gather', weights);
  const ends = stage === 0 || stage === training.layout.pipeline - 1;
  if (ends) reduce += collectives.tied(training.tied_table_parameters * optimizer.reduce_bytes).seconds;
  const owned = optimizer.zero === 0 ? parameters : parameters / copies;
  const fast = machine.roles.fast ?? 'gpu';
  const onHost = optimizer.offload !== 'none';
  if (!onHost) {
    const unit = machine.compute.find(({ memory }) => memory === fast)!;
    const memory = machine.memories.find(({ id }) => id === fast)!;
    const bytes = owned * optimizer.update_bytes;
    const kernel = { name: 'update', part: 'other', dtype: 'fp32', flops: 0, operand_bytes: bytes } as const;
    const update = kernelSeconds(unit, memory.read_bytes_per_s, { ...kernel, activation_bytes: 0, launches: 1 });
    const { projected } = optimizer;
    const layers = training.layers / training.layout.pipeline - training.trunk_layers;
    const share = owned / parameters;
    const projection = (projected?.kernels ?? []).reduce(
      (sum, one) => sum + layers * share * kernelSeconds(unit, memory.read_bytes_per_s, one),
      0,
    );
    return times(reduce, update + projection, 0, 0, 0);
  }
  const host = machine.memories.find(({ id }) => id === machine.roles.host)!;
  const link = machine.links.find(({ from, to }) => from === host.id && to === fast)!;
  const to_host_bytes = owned * optimizer.gradient_bytes;
  const to_device_bytes = owned * optimizer.weight_bytes;
  const transfer =
    to_host_bytes / (link.backward.bytes_per_s ?? host.write_bytes_per_s) +
    to_device_bytes / (link.forward.bytes_per_s ?? host.read_bytes_per_s);
  const update = (owned * optimizer.host_update_bytes) / host.read_bytes_per_s;
  return times(reduce, update, transfer, to_host_bytes, to_device_bytes);
}

function times(
  reduceS: number,
  updateS: number,
  transferS: number,
  to_host_bytes: number,
  to_device_bytes: number,
): UpdateTime {
  const [reduce_ns, update_ns, transfer_ns] = [reduceS, updateS, transferS].map(nsFromSeconds) as [
    number,
    number,
    number,
  ];
  return {
    total_ns: reduce_ns + update_ns + transfer_ns,
    reduce_ns,
    update_ns,
    transfer_ns,
    to_host_bytes,
    to_device_bytes,
  };
}
