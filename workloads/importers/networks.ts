import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InputError } from '../../input/index.ts';
import type { ModelFile } from '../models/any.ts';
import { onnxModelFile } from './onnx/model.ts';
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
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    throw new InputError({ code: 'file_unreadable', problem: `${JSON.stringify(path)} cannot be read`, found: path });
  }
  if (bytes.length > MAX_BYTES) {
    throw new InputError({
      code: 'too_big',
      problem: `${path} has ${bytes.length} bytes`,
      expected: `at most ${MAX_BYTES} bytes`,
    });
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  const id = basename(path).replace(/\.[^.]+$/, '');
  const read = /\.onnx$/i.test(path) ? onnxModelFile : liteModelFile;
  return { ...read(bytes, path, id), digest };
}
