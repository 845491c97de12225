import { InputError, unknownName } from '../../input/index.ts';
import { randomStreams } from '../../sim/kernel/random.ts';
import type { MappingProgram, Network } from '../../sim/types/index.ts';
import { buildNetwork } from '../cnn/network.ts';
import { type AnyModel, noDims } from '../models/any.ts';
import { GENERATORS } from './generators.ts';
import { networkMapping } from './network.ts';
import { readMappingProgram } from './read.ts';
import { type MappingFields, namesFile } from './schema.ts';

/**
 * The program of a workload; `readText` gives a JSON file beside the study, `readModel` the network of an id or path.
 * @throws InputError for an unknown program and for sizes where none are free
 */
export function mappingProgram(
  fields: Omit<MappingFields, 'kind' | 'fast_bytes'>,
  readModel: (ref: string) => AnyModel,
  readText: (file: string) => string,
  seed: number,
): MappingProgram {
  const { program, size, width, dims = {} } = fields;
  const dim = Object.keys(dims)[0];
  const generator = GENERATORS.find(({ id }) => id === program);
  if (dim !== undefined && (generator || namesFile(program))) throw noDims(dim, program);
  if (generator) {
    const random = randomStreams(seed).stream(`mapping.${program}`);
    return generator.build(size ?? generator.size, width ?? generator.width, random);
  }
  if (size !== undefined || width !== undefined) {
    const expected = 'no size and no width beside a file or a network';
    throw new InputError({ code: 'bad_value', problem: `${program} has its own sizes`, expected });
  }
  if (namesFile(program)) return readMappingProgram(readText(program), program === '-' ? 'standard input' : program);
  let model: AnyModel;
  try {
    model = readModel(program);
  } catch (error) {
    if (!(error instanceof InputError) || error.code !== 'unknown_name') throw error;
    const names = GENERATORS.map(({ id }) => id);
    throw unknownName('program', program, names);
  }
  return networkMapping(networkOf(model, program, dims));
}

/** One image through a network, its maps in 8 bits unless its file says otherwise. */
function networkOf(model: AnyModel, name: string, dims: Readonly<Record<string, number>>): Network {
  if (!('kind' in model)) {
    const problem = `${name} is a language model, whose layers repeat`;
    throw new InputError({
      code: 'bad_value',
      problem,
      expected: 'a network, or the programs transformer and decoder',
    });
  }
  if (model.kind === 'file') return model.network({ batch: 1, dims });
  const [dim] = Object.keys(dims);
  if (dim !== undefined) throw noDims(dim, name);
  return buildNetwork(model, { batch: 1, element_bytes: 1 });
}

export { GENERATORS } from './generators.ts';
