import { InputError } from '../../input/index.ts';
import { forwardOnly, frozen, withoutInputGradient } from '../../sim/training/frozen.ts';
import type { Parameters, Training, TrainOp } from '../../sim/types/index.ts';

/**
 * A network with all but its last `trained` blocks frozen: the others run forward and keep nothing.
 * @throws InputError for more blocks than there are.
 */
function withTrainedBlocks(training: Training, trained: number): Training {
  const { ops, matrices, others } = training.layer;
  const blocks = [...new Set(ops.map(({ block }) => block!.name))];
  if (trained > blocks.length) {
    throw new InputError({
      code: 'bad_value',
      problem: `policy.optimizer.trained_layers: ${trained} blocks cannot train in a network of ${blocks.length}`,
      expected: `at most ${blocks.length}`,
    });
  }
  const still = new Set(blocks.slice(0, blocks.length - trained));
  const trunk = ops.filter(({ block }) => still.has(block!.name));
  const first = ops.find(({ block }) => !still.has(block!.name));
  const sum = (of: (block: NonNullable<TrainOp['block']>) => number): number =>
    trunk.reduce((total, { block }) => total + of(block!), 0);
  const split = (parameters: Parameters, count: number): Parameters => ({
    ...parameters,
    trained: parameters.trained - count,
    frozen: parameters.frozen + count,
  });
  return {
    ...training,
    layer: {
      ops: ops.map((op) => {
        if (still.has(op.block!.name)) return { ...forwardOnly(op), scratch_bytes: 0 };
        return op === first ? withoutInputGradient(op) : op;
      }),
      matrices: split(
        matrices,
        sum((block) => block.matrices),
      ),
      others: split(
        others,
        sum((block) => block.others),
      ),
    },
  };
}

/**
 * The step with all but its last `trained` layers frozen: backward ends there, so the trunk runs forward, keeps nothing and
 * has neither gradients nor optimizer state; the embedding is frozen with it.
 * @throws InputError for more layers than there are, and over a pipeline, whose stages share them evenly.
 */
export function withTrunk(training: Training, trained: number | undefined): Training {
  if (trained === undefined) return training;
  if (training.layer.ops.some(({ block }) => block !== undefined)) return withTrainedBlocks(training, trained);
  if (trained === training.layers) return training;
  if (trained > training.layers) {
    throw new InputError({
      code: 'bad_value',
      problem: `policy.optimizer.trained_layers: ${trained} layers cannot train in a model of ${training.layers}`,
      expected: `at most ${training.layers}`,
    });
  }
  if (training.layout.pipeline > 1) {
    throw new InputError({
      code: 'bad_value',
      problem: 'policy.optimizer.trained_layers: a pipeline would leave its first stages without a backward',
      expected: 'workload.pipeline_parallel of 1',
    });
  }
  const { embed } = training;
  return {
    ...training,
    trunk_layers: training.layers - trained,
    embed: {
      ops: embed.ops.map(forwardOnly),
      matrices: frozen(embed.matrices),
      others: frozen(embed.others),
    },
  };
}
