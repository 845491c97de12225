import type { BinaryImporter } from '../importer.ts';
import { readJson } from './chakra/json.ts';
import { readProtobuf } from './chakra/protobuf.ts';
import { traceOf } from './chakra/trace.ts';

/** A Chakra execution trace (MLCommons), binary or JSON, as a tensor trace of ours: a head line, then one event a line. */
export const importer: BinaryImporter = {
  format: 'chakra',
  description: 'Chakra execution trace (protobuf or JSON), as a tensor trace',
  convertBytes(bytes, { file }) {
    const text = bytes[0] === 0x7b;
    const nodes = text ? readJson(new TextDecoder().decode(bytes), file) : readProtobuf(bytes, file);
    const { tensors, events } = traceOf(nodes, file);
    const lines = [{ schema: 'tierflow/tensor-trace/1', tensors }, ...events];
    return { kind: 'tensor trace', text: `${lines.map((line) => JSON.stringify(line)).join('\n')}\n` };
  },
};
