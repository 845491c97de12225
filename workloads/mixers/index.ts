import { MissingFactError } from '../../sim/errors.ts';
import { measure } from '../../sim/executor/index.ts';
import { type Kernel, type Machine, NONE, type RunResult } from '../../sim/types/index.ts';
import {
  hyperKernels,
  linearKernel,
  linearStateElements,
  type MixingShape,
  softmaxKernel,
  taylorFeatures,
} from './kernels.ts';
import type { MixerFields } from './schema.ts';

/**
 * Runs the kernels on the unit of the fast memory.
 * @throws MissingFactError when the machine has no such unit.
 */
export function runMixer(fields: MixerFields, machine: Machine): RunResult {
  const unit = machine.compute.find(({ memory }) => memory === machine.roles.fast);
  if (unit === undefined) throw new MissingFactError(`machine "${machine.id}" has no compute unit on its fast memory`);
  const { metrics, warnings } = measure(machine, (actions) => {
    actions.run(unit.id, kernelsOf(fields), 'compute', NONE);
  });
  const state = stateBytes(fields);
  return { metrics: state === 0 ? metrics : { ...metrics, [`memory.${unit.memory}.kv.end_bytes`]: state }, warnings };
}

const ELEMENT_BYTES = 2;

function shapeOf({ batch, heads, head_width, mixer }: MixerFields): MixingShape {
  const key_width = mixer.kind === 'linear' ? mixer.feature_width : head_width;
  return { dtype: 'bf16', batch, heads, key_width, value_width: head_width, element_bytes: ELEMENT_BYTES };
}

function kernelsOf(fields: MixerFields): readonly Kernel[] {
  const { mixer, tokens } = fields;
  const shape = shapeOf(fields);
  switch (mixer.kind) {
    case 'softmax':
      return [softmaxKernel(shape, tokens, tokens, mixer.causal)];
    case 'linear':
      return [linearKernel(shape, mixer.reads * tokens, taylorFeatures(mixer.feature_width), false)];
    case 'hyper':
      return hyperKernels(shape, tokens, mixer.causal, mixer);
  }
}

/** What stays when the tokens have been read: keys and values of all, or a state of fixed size. */
function stateBytes(fields: MixerFields): number {
  const { mixer, batch, heads, head_width, tokens } = fields;
  const elements =
    mixer.kind === 'linear'
      ? linearStateElements(taylorFeatures(mixer.feature_width), head_width)
      : 2 * tokens * head_width;
  return batch * heads * elements * ELEMENT_BYTES;
}
