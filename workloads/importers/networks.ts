import type { ModelFile } from '../models/any.ts';

/** Whether a path names a model file of another framework. */
export const isModelFile = (path: string): boolean => /\.(tflite|onnx)$/i.test(path);

export function readModelFile(path: string): ModelFile {
  throw new Error(path);
}
