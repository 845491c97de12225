import { InputError } from '../../../input/index.ts';
import { type ChakraNode, SIZE_ATTRIBUTES, tensorsIn } from './node.ts';

/**
 * The binary form: messages one after the other, each with its length before it; the first is metadata, the others are nodes
 * (mlcommons/chakra, `et_def.proto` and `protolib.py`). Read here by the wire format alone (protobuf.dev, encoding).
 * @module
 */

const UTF8 = new TextDecoder();

/** A part of the file that knows where it stands in it. */
class Reader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly file: string;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, file: string, at: number, end: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
    this.at = at;
    this.end = end;
  }

  /** A number of seven bits a byte; signed 64-bit values beyond 2^53 lose their last digits. */
  varint(): number {
    const start = this.at;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.at >= this.end) this.fail('the file ends inside a number', start);
      const byte = this.bytes[this.at++]!;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
    return this.fail('a number has more than ten bytes', start);
  }

  /** The next part that has its length before it. */
  part(): Reader {
    const start = this.at;
    const length = this.varint();
    if (length < 0 || this.at + length > this.end) {
      this.fail(`a part of ${length} bytes does not fit the ${this.end - this.at} that are left`, start);
    }
    this.at += length;
    return new Reader(this.bytes, this.file, this.at - length, this.at);
  }

  text(): string {
    return UTF8.decode(this.bytes.subarray(this.at, this.end));
  }

  /** Calls `take` with each field: its number, its value where it is one, and its bytes where it is a part. */
  fields(take: (number: number, value: number, part: Reader | null) => void): void {
    while (this.at < this.end) {
      const start = this.at;
      const key = this.varint();
      const number = Math.floor(key / 8);
      const wire = key % 8;
      if (number <= 0) this.fail('a field has no number', start);
      if (wire === 0) take(number, this.varint(), null);
      else if (wire === 2) take(number, 0, this.part());
      else if (wire === 1 || wire === 5) take(number, this.fixed(wire === 1 ? 8 : 4), null);
      else this.fail(`a field has the wire type ${wire}`, start);
    }
  }

  private fixed(size: 4 | 8): number {
    const start = this.at;
    if (start + size > this.end) this.fail('the file ends inside a number', start);
    this.at += size;
    return size === 4 ? this.view.getFloat32(start, true) : this.view.getFloat64(start, true);
  }

  fail(problem: string, offset: number): never {
    throw new InputError({
      code: 'bad_value',
      problem: `${problem} (offset ${offset})`,
      expected: 'a Chakra execution trace',
      place: { file: this.file },
    });
  }
}

/** @throws InputError with the offset of what is cut off or damaged. */
export function readProtobuf(bytes: Uint8Array, file: string): ChakraNode[] {
  const reader = new Reader(bytes, file, 0, bytes.length);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) reader.fail('this file is compressed with gzip', 0);
  const nodes: ChakraNode[] = [];
  let first = true;
  while (reader.at < reader.end) {
    const offset = reader.at;
    const part = reader.part();
    if (first) part.fields(() => {});
    else nodes.push(nodeOf(part, offset));
    first = false;
  }
  return nodes;
}

/** Field numbers of `Node`, and of `AttributeProto` that hold one number. */
const NODE = {
  id: 1,
  name: 2,
  type: 3,
  control: 4,
  data: 5,
  duration: 7,
  inputs: 8,
  outputs: 9,
  attribute: 10,
} as const;
const NUMBERS: readonly number[] = [7, 9, 11, 13, 15, 17, 27];

function nodeOf(part: Reader, offset: number): ChakraNode {
  let [id, type, duration, bytes] = [0, 0, 0, 0];
  let name = '';
  let on_host: boolean | null = null;
  const data: number[] = [];
  const control: number[] = [];
  let inputs = '';
  let outputs = '';
  part.fields((field, value, bytesOf) => {
    if (field === NODE.id) id = value;
    else if (field === NODE.name && bytesOf) name = bytesOf.text();
    else if (field === NODE.type) type = value;
    else if (field === NODE.control || field === NODE.data) {
      const list = field === NODE.data ? data : control;
      if (bytesOf === null) list.push(value);
      else while (bytesOf.at < bytesOf.end) list.push(bytesOf.varint());
    } else if (field === NODE.duration) duration = value;
    else if (field === NODE.inputs && bytesOf) inputs = valuesOf(bytesOf);
    else if (field === NODE.outputs && bytesOf) outputs = valuesOf(bytesOf);
    else if (field === NODE.attribute && bytesOf) {
      const attribute = attributeOf(bytesOf);
      if (attribute.name === 'is_cpu_op') on_host = attribute.number !== 0;
      else if (SIZE_ATTRIBUTES.includes(attribute.name)) bytes = Math.max(bytes, attribute.number);
    }
  });
  return {
    id,
    name,
    type,
    data,
    control,
    duration_ns: duration * 1000,
    inputs: tensorsIn(inputs),
    outputs: tensorsIn(outputs),
    bytes,
    on_host,
    place: `offset ${offset}`,
  };
}

function valuesOf(part: Reader): string {
  let values = '';
  part.fields((field, _, bytes) => {
    if (field === 1 && bytes) values = bytes.text();
  });
  return values;
}

function attributeOf(part: Reader): { name: string; number: number } {
  let name = '';
  let number = 0;
  part.fields((field, value, bytes) => {
    if (field === 1 && bytes) name = bytes.text();
    else if (NUMBERS.includes(field)) number = value;
  });
  return { name, number };
}
