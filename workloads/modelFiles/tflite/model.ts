import type { Network } from '../../../sim/types/index.ts';
import { type ModelFile, noDims } from '../../models/any.ts';
import { FlatBuffer } from './flatbuffer.ts';
import { liteNetwork } from './network.ts';
import { readLiteModel } from './schema.ts';

/** @throws InputError where the bytes are no TensorFlow Lite model. */
export function liteModelFile(bytes: Uint8Array, file: string, id: string): Omit<ModelFile, 'digest'> {
  const model = readLiteModel(new FlatBuffer(bytes, file));
  return {
    kind: 'file',
    id,
    title: model.description || id,
    source: `TensorFlow Lite, ${model.operators.length} operators`,
    network: ({ batch, dims }): Network => {
      const [dim] = Object.keys(dims);
      if (dim !== undefined) throw noDims(dim, file);
      return liteNetwork(model, id, batch);
    },
  };
}
