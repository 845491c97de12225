import { InputError } from '../../input/index.ts';
import type { Program } from '../../sim/types/index.ts';
import { type AnyModel, noDims } from '../models/any.ts';
import { ELEMENT_BYTES } from './dtypes.ts';
import { buildNetwork } from './network.ts';
import { networkProgram } from './program.ts';
import type { CnnWorkload } from './schema.ts';

/**
 * The program of a `cnn` workload.
 * @throws InputError for a model that is no network, or a resolution or width that it cannot have.
 */
export function cnnProgram(workload: CnnWorkload, model: AnyModel): Program {
  const { dtype, batch } = workload;
  if (!('kind' in model)) {
    throw new InputError({
      code: 'bad_value',
      problem: `the model ${JSON.stringify(workload.model)} is a language model`,
      found: workload.model,
      expected: 'a network for `cnn`, or the workload kind `generate`',
    });
  }
  const options = {
    batch,
    element_bytes: ELEMENT_BYTES[dtype],
    ...(workload.resolution !== undefined && { resolution: workload.resolution }),
    ...(workload.width !== undefined && { width: workload.width }),
    ...(workload.kernels !== undefined && { kernels: workload.kernels }),
  };
  const [dim] = Object.keys(workload.dims ?? {});
  if (model.kind === 'network' && dim !== undefined) throw noDims(dim, model.id);
  if (model.kind === 'network') return networkProgram(buildNetwork(model, options), dtype, workload);
  const fixed = (['resolution', 'width', 'kernels'] as const).find((field) => workload[field] !== undefined);
  if (fixed) {
    throw new InputError({
      code: 'bad_value',
      problem: `${workload.model} is a model file, which holds its ${fixed}`,
      found: JSON.stringify(workload[fixed]),
      expected: `no ${fixed}, or dims where the file leaves them open`,
    });
  }
  return networkProgram(model.network({ batch, dims: workload.dims ?? {} }), dtype, workload);
}
