import { createHash } from 'node:crypto';
import { readBinaryFile } from '../../input/files.ts';
import type { Network } from '../../sim/types/index.ts';
import type { ModelFile } from '../models/any.ts';
import { onnxModelFile } from './onnx/model.ts';
import { nameOf } from './table.ts';
import { liteModelFile } from './tflite/model.ts';

/** Larger than any network file that is worth planning; a longer one is no network. */
const MAX_BYTES = 512 * 1024 * 1024;

/** Whether a path names a model file of another framework. */
export const isModelFile = (path: string): boolean => /\.(tflite|onnx)$/i.test(path);

/**
 * The network of a `.tflite` or `.onnx` file.
 * @throws InputError for a file that cannot be read, is cut off, or is something else.
 */
export function readModelFile(path: string): ModelFile {
  const bytes = readBinaryFile(path, { maxBytes: MAX_BYTES });
  const digest = createHash('sha256').update(bytes).digest('hex');
  const id = nameOf(path);
  const read = /\.onnx$/i.test(path) ? onnxModelFile : liteModelFile;
  const file = read(bytes, path, id);
  // One run builds its network several times, to run it and to hash it.
  const built = new Map<string, Network>();
  const network: ModelFile['network'] = (options) => {
    const key = JSON.stringify(options);
    const known = built.get(key) ?? file.network(options);
    built.set(key, known);
    return known;
  };
  return { ...file, network, digest };
}
