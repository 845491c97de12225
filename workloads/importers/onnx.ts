import type { BinaryImporter } from '../importer.ts';
import { onnxModelFile } from '../modelFiles/onnx/model.ts';
import { nameOf, networkText } from '../modelFiles/table.ts';

export const importer: BinaryImporter = {
  format: 'onnx',
  description: 'An ONNX file, as a layer table (dimensions left open by --dim)',
  convertBytes(bytes, { file, id = nameOf(file), dims = {} }) {
    const model = onnxModelFile(bytes, file, id);
    return { kind: 'network', text: networkText(model.network({ batch: 1, dims }), id, model.source) };
  },
};
