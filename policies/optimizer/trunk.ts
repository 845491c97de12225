import { InputError } from '../../input/index.ts';
import type { Training } from '../../sim/types/index.ts';

/**
 * The step with all but its last `trained` layers frozen: backward ends there, so the trunk runs forward, keeps nothing and
 * has neither gradients nor optimizer state; the embedding is frozen with it.
 * @throws InputError for more layers than there are, and over a pipeline, whose stages share them evenly.
 */
export function withTrunk(training: Training, trained: number | undefined): Training {
  if (trained === undefined || trained === training.layers) return training;
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
  const still = ({ trained: own, frozen, frozen_bits }: typeof embed.matrices) => ({
    trained: 0,
    frozen: own + frozen,
    frozen_bits,
  });
  return {
    ...training,
    trunk_layers: training.layers - trained,
    embed: {
      ops: embed.ops.map((op) => ({ ...op, backward: [], weight_gradient: [], saves: [] })),
      matrices: still(embed.matrices),
      others: still(embed.others),
    },
  };
}
