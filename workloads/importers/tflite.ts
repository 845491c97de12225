import type { BinaryImporter } from '../importer.ts';
import { nameOf, networkText } from '../modelFiles/table.ts';
import { liteModelFile } from '../modelFiles/tflite/model.ts';

export const importer: BinaryImporter = {
  format: 'tflite',
  description: 'A TensorFlow Lite file, as a layer table',
  convertBytes(bytes, { file, id = nameOf(file), dims = {} }) {
    const model = liteModelFile(bytes, file, id);
    return { kind: 'network', text: networkText(model.network({ batch: 1, dims }), id, model.source) };
  },
};
