import type { MappingProgram, Network } from '../../sim/types/index.ts';
import { ProgramBuilder } from './build.ts';

/** A network as a program: an op a layer, its feature maps as buffers and the constants of each layer as an input. */
export function networkMapping({ tensors, layers, inputs, outputs, element_bytes }: Network): MappingProgram {
  const b = new ProgramBuilder();
  const places = new Map(
    tensors
      .filter(({ bytes }) => bytes > 0)
      .map(({ id, name, bytes }) => {
        const kind = { input: inputs.includes(id), output: outputs.includes(id) };
        return [id, b.buffer(`${id}.${name}`, Math.ceil(bytes), kind)] as const;
      }),
  );
  const known = (ids: readonly number[]): number[] => ids.flatMap((id) => places.get(id) ?? []);
  for (const layer of layers) {
    const bytes = layer.constant_bytes ?? Math.ceil((layer.weights + layer.biases + layer.tables) * element_bytes);
    const constants = bytes > 0 ? [b.buffer(`${layer.id}.constants`, bytes, { input: true })] : [];
    b.op(layer.name, 2 * layer.macs, [...known(layer.inputs), ...constants], known(layer.outputs));
  }
  return b.program();
}
