import { InputError } from '../../../input/index.ts';

/**
 * The few things that reading a FlatBuffer needs (flatbuffers.dev, internals): tables find their fields through a vtable,
 * vectors and strings stand behind an offset, everything is little-endian.
 * @module
 */

/** Bytes with every access checked, so that a damaged file ends in an InputError. */
export class FlatBuffer {
  readonly view: DataView;
  readonly file: string;

  constructor(bytes: Uint8Array, file: string) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
  }

  fail(problem: string): never {
    throw new InputError({ code: 'bad_value', problem, expected: 'a whole .tflite file', place: { file: this.file } });
  }

  check(at: number, bytes: number): number {
    if (!(at >= 0 && at + bytes <= this.view.byteLength)) {
      this.fail(`the file refers to byte ${at + bytes}, but has ${this.view.byteLength}: it is cut off or damaged`);
    }
    return at;
  }

  u32(at: number): number {
    return this.view.getUint32(this.check(at, 4), true);
  }

  i32(at: number): number {
    return this.view.getInt32(this.check(at, 4), true);
  }

  u16(at: number): number {
    return this.view.getUint16(this.check(at, 2), true);
  }

  i8(at: number): number {
    return this.view.getInt8(this.check(at, 1));
  }

  root(): Table {
    return new Table(this, this.u32(0));
  }
}

/** One table; `field` numbers are those of the schema, from 0. */
export class Table {
  private readonly buffer: FlatBuffer;
  private readonly at: number;
  private readonly vtable: number;
  private readonly size: number;

  constructor(buffer: FlatBuffer, at: number) {
    this.buffer = buffer;
    this.at = buffer.check(at, 4);
    this.vtable = at - buffer.i32(at);
    this.size = buffer.u16(this.vtable);
  }

  private place(field: number): number {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.size) return 0;
    const offset = this.buffer.u16(this.vtable + slot);
    return offset === 0 ? 0 : this.at + offset;
  }

  i8(field: number, absent = 0): number {
    const place = this.place(field);
    return place === 0 ? absent : this.buffer.i8(place);
  }

  i32(field: number, absent = 0): number {
    const place = this.place(field);
    return place === 0 ? absent : this.buffer.i32(place);
  }

  table(field: number): Table | null {
    const place = this.place(field);
    return place === 0 ? null : new Table(this.buffer, place + this.buffer.u32(place));
  }

  /** Start and length of a vector; [0, 0] where there is none. `size` is that of one element. */
  vector(field: number, size: number): readonly [start: number, length: number] {
    const place = this.place(field);
    if (place === 0) return [0, 0];
    const at = place + this.buffer.u32(place);
    const length = this.buffer.u32(at);
    this.buffer.check(at + 4, length * size);
    return [at + 4, length];
  }

  tables(field: number): Table[] {
    const [start, length] = this.vector(field, 4);
    return Array.from({ length }, (_, i) => {
      const place = start + 4 * i;
      return new Table(this.buffer, place + this.buffer.u32(place));
    });
  }

  ints(field: number): number[] {
    const [start, length] = this.vector(field, 4);
    return Array.from({ length }, (_, i) => this.buffer.i32(start + 4 * i));
  }

  bytes(field: number): Uint8Array {
    const [start, length] = this.vector(field, 1);
    const { buffer, byteOffset } = this.buffer.view;
    return new Uint8Array(buffer, byteOffset + start, length);
  }

  text(field: number): string {
    return new TextDecoder().decode(this.bytes(field));
  }
}
