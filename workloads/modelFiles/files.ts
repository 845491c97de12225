import { createHash } from 'node:crypto';
import { readBinaryFile } from '../../input/files.ts';
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
  return { ...read(bytes, path, id), digest };
}
