import { InputError } from '../../../input/index.ts';
import { Message } from './protobuf.ts';

/**
 * The parts of ONNX's schema (onnx/onnx.proto) that a graph with shapes needs; values of weights are left alone.
 * @module
 */

export interface OnnxTensor {
  readonly dims: readonly number[];
  /** TensorProto.DataType. */
  readonly type: number;
  /** Values, where they are few whole numbers (shapes, axes, sizes); null otherwise. */
  readonly ints: readonly number[] | null;
  readonly floats: readonly number[] | null;
}

export interface OnnxAttribute {
  readonly int: number;
  readonly float: number;
  readonly ints: readonly number[];
  readonly text: string;
  readonly tensor: OnnxTensor | null;
}

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxValue {
  readonly name: string;
  readonly type: number;
  /** A number, or the name of a dimension that is left open. */
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly producer: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Shapes and axes are short; longer constants are weights. */
const FEW = 64;

/** Bits by TensorProto.DataType. */
const BITS = [0, 32, 8, 8, 16, 16, 32, 64, 0, 8, 16, 64, 32, 64, 64, 128, 16, 8, 8, 8, 8, 4, 4];
export const bitsOf = (type: number): number => BITS[type] ?? 0;

/**
 * Reads a model.
 * @throws InputError where the bytes are no model or are cut off.
 */
export function readOnnx(bytes: Uint8Array, file: string): OnnxGraph {
  const reader = new Reader(file);
  let graph: Uint8Array | null = null;
  let producer = '';
  for (const { number, bytes: part } of new Message(bytes, file).fields()) {
    if (number === 7 && part) graph = part;
    if (number === 2 && part) producer = text(part);
  }
  if (graph === null) {
    throw new InputError({
      code: 'bad_value',
      problem: 'the file holds no graph',
      expected: 'an ONNX model',
      place: { file },
    });
  }
  return { ...reader.graph(graph), producer };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

class Reader {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  private fields(bytes: Uint8Array) {
    return new Message(bytes, this.file).fields();
  }

  graph(bytes: Uint8Array): Omit<OnnxGraph, 'producer'> {
    const nodes: OnnxNode[] = [];
    const initializers = new Map<string, OnnxTensor>();
    const inputs: OnnxValue[] = [];
    const outputs: OnnxValue[] = [];
    let name = '';
    for (const { number, bytes: part } of this.fields(bytes)) {
      if (part === null) continue;
      if (number === 1) nodes.push(this.node(part));
      else if (number === 2) name = text(part);
      else if (number === 5) initializers.set(...this.named(part));
      else if (number === 11) inputs.push(this.value(part));
      else if (number === 12) outputs.push(this.value(part));
    }
    return { name, nodes, initializers, inputs: inputs.filter((input) => !initializers.has(input.name)), outputs };
  }

  private node(bytes: Uint8Array): OnnxNode {
    const [inputs, outputs]: [string[], string[]] = [[], []];
    const attributes = new Map<string, OnnxAttribute>();
    let [name, op] = ['', ''];
    for (const { number, bytes: part } of this.fields(bytes)) {
      if (part === null) continue;
      if (number === 1) inputs.push(text(part));
      else if (number === 2) outputs.push(text(part));
      else if (number === 3) name = text(part);
      else if (number === 4) op = text(part);
      else if (number === 5) attributes.set(...this.attribute(part));
    }
    return { name, op, inputs, outputs, attributes };
  }

  private attribute(bytes: Uint8Array): [string, OnnxAttribute] {
    let name = '';
    let [int, float, string] = [0, 0, ''];
    const ints: number[] = [];
    let tensor: OnnxTensor | null = null;
    for (const { number, value, bytes: part } of this.fields(bytes)) {
      if (number === 1 && part) name = text(part);
      else if (number === 2) float = value;
      else if (number === 3) int = value;
      else if (number === 4 && part) string = text(part);
      else if (number === 5 && part) tensor = this.named(part)[1];
      else if (number === 8) ints.push(...this.packed(value, part));
    }
    return [name, { int, float, ints, text: string, tensor }];
  }

  private packed(value: number, part: Uint8Array | null): number[] {
    return part === null ? [value] : [...new Message(part, this.file).varints()];
  }

  private named(bytes: Uint8Array): [string, OnnxTensor] {
    let [name, type] = ['', 0];
    const dims: number[] = [];
    const listed: number[] = [];
    let raw: Uint8Array | null = null;
    for (const { number, value, bytes: part } of this.fields(bytes)) {
      if (number === 1) dims.push(...this.packed(value, part));
      else if (number === 2) type = value;
      else if ((number === 5 || number === 7) && (part?.length ?? 0) <= 10 * FEW)
        listed.push(...this.packed(value, part));
      else if (number === 8 && part) name = text(part);
      else if (number === 9) raw = part;
    }
    return [name, { dims, type, ints: wholeNumbers(type, raw, listed), floats: fractions(type, raw) }];
  }

  private value(bytes: Uint8Array): OnnxValue {
    let [name, type] = ['', 0];
    const shape: (number | string)[] = [];
    for (const { number, bytes: part } of this.fields(bytes)) {
      if (number === 1 && part) name = text(part);
      if (number !== 2 || part === null) continue;
      for (const kind of this.fields(part)) {
        if (kind.number !== 1 || kind.bytes === null) continue;
        for (const field of this.fields(kind.bytes)) {
          if (field.number === 1) type = field.value;
          if (field.number === 2 && field.bytes) shape.push(...this.shape(field.bytes));
        }
      }
    }
    return { name, type, shape };
  }

  private *shape(bytes: Uint8Array): Generator<number | string> {
    let unnamed = 0;
    for (const { number, bytes: part } of this.fields(bytes)) {
      if (number !== 1 || part === null) continue;
      let side: number | string = `dim${unnamed}`;
      for (const field of this.fields(part)) {
        if (field.number === 1 && field.value > 0) side = field.value;
        if (field.number === 2 && field.bytes) side = text(field.bytes);
      }
      unnamed += 1;
      yield side;
    }
  }
}

const INT32 = 6;
const INT64 = 7;
const FLOAT = 1;

function wholeNumbers(type: number, raw: Uint8Array | null, listed: readonly number[]): readonly number[] | null {
  if (type !== INT32 && type !== INT64) return null;
  const size = type === INT64 ? 8 : 4;
  if (raw === null) return listed;
  if (raw.length > FEW * size || raw.length % size !== 0) return null;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / size }, (_, i) =>
    type === INT64 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true),
  );
}

function fractions(type: number, raw: Uint8Array | null): readonly number[] | null {
  if (type !== FLOAT || raw === null || raw.length > FEW * 4 || raw.length % 4 !== 0) return null;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
