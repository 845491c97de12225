import { InputError } from '../../../input/index.ts';

/**
 * The wire format of Protocol Buffers (protobuf.dev, encoding): keys of field number and wire type, varints, fixed words
 * and length-delimited bytes.
 * @module
 */

/** One field of a message: a number, or the bytes of a nested message, text or packed list. */
export interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Uint8Array | null;
}

const MAX_SAFE_VARINT_BYTES = 10;

/** Walks the fields of a message; every access is checked, so that a damaged file ends in an InputError. */
export class Message {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly file: string;
  private at = 0;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
  }

  *fields(): Generator<Field> {
    while (this.at < this.bytes.length) {
      const key = this.varint();
      const number = Math.floor(key / 8);
      const wire = key % 8;
      if (number === 0) this.fail('a field has the number 0');
      if (wire === 0) yield { number, value: this.varint(), bytes: null };
      else if (wire === 1) yield { number, value: this.fixed(8), bytes: null };
      else if (wire === 2) yield { number, value: 0, bytes: this.slice(this.varint()) };
      else if (wire === 5) yield { number, value: this.fixed(4), bytes: null };
      else this.fail(`a field has the wire type ${wire}`);
    }
  }

  /** All varints of a packed list. */
  *varints(): Generator<number> {
    while (this.at < this.bytes.length) yield this.varint();
  }

  /** A signed 64-bit integer; exact up to 2^53. */
  private varint(): number {
    let low = 0;
    let high = 0;
    for (let i = 0; i < MAX_SAFE_VARINT_BYTES; i++) {
      const byte = this.bytes[this.at];
      if (byte === undefined) this.fail('the file ends inside a number');
      this.at += 1;
      const bits = byte & 0x7f;
      if (i < 4) low += bits * 2 ** (7 * i);
      else if (i === 4) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >> 4;
      } else high += bits * 2 ** (7 * i - 32);
      if (byte < 0x80) return (high >= 2 ** 31 ? high - 2 ** 32 : high) * 2 ** 32 + low;
    }
    return this.fail('a number has more than ten bytes');
  }

  private fixed(size: 4 | 8): number {
    const at = this.at;
    this.slice(size);
    return size === 4 ? this.view.getFloat32(at, true) : this.view.getFloat64(at, true);
  }

  private slice(length: number): Uint8Array {
    if (length < 0 || this.at + length > this.bytes.length) {
      this.fail(
        `the file refers to ${length} bytes, but ${this.bytes.length - this.at} are left: it is cut off or damaged`,
      );
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private fail(problem: string): never {
    throw new InputError({ code: 'bad_value', problem, expected: 'a whole .onnx file', place: { file: this.file } });
  }
}
