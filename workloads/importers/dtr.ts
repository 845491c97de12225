import type { TextImporter } from '../importer.ts';
import { readDtrLog } from './dtr-log/read.ts';

/** A log of the Dynamic Tensor Rematerialization prototype, as a tensor trace of ours: a head line, then one event a line. */
export const importer: TextImporter = {
  format: 'dtr',
  description: 'instruction log of the DTR prototype (PyTorch), as a tensor trace',
  convert(text, { file }) {
    const { tensors, events } = readDtrLog(text, file);
    const lines = [{ schema: 'tierflow/tensor-trace/1', tensors }, ...events];
    return { kind: 'tensor trace', text: `${lines.map((line) => JSON.stringify(line)).join('\n')}\n` };
  },
};
