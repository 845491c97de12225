import { InputError } from '../../../input/index.ts';

/** What a pickle of plain data holds. */
export type Plain = null | boolean | number | string | Uint8Array | Plain[] | Map<Plain, Plain>;

/** Containers nested deeper, or values in all beyond these, are refused. */
const MAX_VALUES = 50_000_000;

/**
 * The value of a Python pickle that holds plain data alone (protocols 0 to 5: numbers, texts, lists, tuples, sets and
 * dictionaries). Nothing is looked up or called: every opcode that names code or builds an object is refused. Tuples and
 * sets come back as lists.
 * @throws InputError with the offset for a text that is cut off, an opcode that is refused or unknown, a memo entry that
 * is not there, or a value that contains itself.
 */
export function readPickle(bytes: Uint8Array, file: string): Plain {
  const value = new PickleReader(bytes, file, null).read();
  if (cycleIn(value) === null) return value;
  const { value: again, offsets } = readPickleOffsets(bytes, file);
  const offset = offsets.get(cycleIn(again)!);
  throw new InputError({
    code: 'bad_value',
    problem: `a value of this pickle contains itself (offset ${offset})`,
    place: { file },
  });
}

/** The same value, and where in the file each container of it begins: for messages. */
export function readPickleOffsets(
  bytes: Uint8Array,
  file: string,
): { readonly value: Plain; readonly offsets: ReadonlyMap<Plain, number> } {
  const offsets = new Map<Plain, number>();
  return { value: new PickleReader(bytes, file, offsets).read(), offsets };
}

/** Opcodes that import a name, call it or restore an object (CPython, Lib/pickletools.py). */
const CODE: Readonly<Record<number, string>> = {
  99: 'GLOBAL',
  147: 'STACK_GLOBAL',
  82: 'REDUCE',
  98: 'BUILD',
  105: 'INST',
  111: 'OBJ',
  129: 'NEWOBJ',
  146: 'NEWOBJ_EX',
  80: 'PERSID',
  81: 'BINPERSID',
  130: 'EXT1',
  131: 'EXT2',
  132: 'EXT4',
  151: 'NEXT_BUFFER',
  152: 'READONLY_BUFFER',
};

const MARK = Symbol('mark');
type Item = Plain | typeof MARK;

class PickleReader {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly file: string;
  private at = 0;
  private opcodeAt = 0;
  private values = 0;
  private stack: Item[] = [];
  private readonly memo = new Map<number, Plain>();
  private readonly offsets: Map<Plain, number> | null;

  constructor(bytes: Uint8Array, file: string, offsets: Map<Plain, number> | null) {
    this.offsets = offsets;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.file = file;
  }

  read(): Plain {
    for (;;) {
      this.opcodeAt = this.at;
      const opcode = this.view.getUint8(this.take(1));
      if (opcode === 0x2e) return this.pop();
      this.step(opcode);
      if (++this.values > MAX_VALUES) throw this.error('this pickle holds too many values', `at most ${MAX_VALUES}`);
    }
  }

  /** Carries out one opcode; what it pushed, if it did. */
  private step(opcode: number): Plain | undefined {
    const code = CODE[opcode];
    if (code !== undefined) {
      throw this.error(`opcode ${code} would import or run code, which is never done`, 'a pickle of plain data');
    }
    switch (opcode) {
      case 0x80: // PROTO
        this.take(1);
        return undefined;
      case 0x95: // FRAME
        this.take(8);
        return undefined;
      case 0x28: // MARK
        this.stack.push(MARK);
        return undefined;
      case 0x30: // POP
        if (this.stack.pop() === undefined) throw this.error('the stack is empty');
        return undefined;
      case 0x31: // POP_MARK
        this.marked();
        return undefined;
      case 0x32: // DUP
        this.stack.push(this.top());
        return undefined;
      case 0x4e:
        return this.push(null);
      case 0x88:
        return this.push(true);
      case 0x89:
        return this.push(false);
      case 0x4b: // BININT1
        return this.push(this.view.getUint8(this.take(1)));
      case 0x4d: // BININT2
        return this.push(this.view.getUint16(this.take(2), true));
      case 0x4a: // BININT
        return this.push(this.view.getInt32(this.take(4), true));
      case 0x8a: // LONG1
        return this.push(this.long(this.view.getUint8(this.take(1))));
      case 0x8b: // LONG4
        return this.push(this.long(this.length32()));
      case 0x47: // BINFLOAT
        return this.push(this.view.getFloat64(this.take(8), false));
      case 0x49: // INT
      case 0x4c: // LONG
      case 0x46: // FLOAT
        return this.push(this.textNumber());
      case 0x8c: // SHORT_BINUNICODE
        return this.push(this.text(this.view.getUint8(this.take(1))));
      case 0x58: // BINUNICODE
        return this.push(this.text(this.length32()));
      case 0x8d: // BINUNICODE8
        return this.push(this.text(this.length64()));
      case 0x55: // SHORT_BINSTRING
        return this.push(this.text(this.view.getUint8(this.take(1))));
      case 0x43: // SHORT_BINBYTES
        return this.push(this.raw(this.view.getUint8(this.take(1))));
      case 0x42: // BINBYTES
        return this.push(this.raw(this.length32()));
      case 0x8e: // BINBYTES8
        return this.push(this.raw(this.length64()));
      case 0x56: // UNICODE
        return this.push(this.line());
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        return this.push([]);
      case 0x7d: // EMPTY_DICT
        return this.push(new Map());
      case 0x6c: // LIST
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        return this.push(this.marked());
      case 0x85: // TUPLE1..3
      case 0x86:
      case 0x87:
        return this.push(this.popMany(opcode - 0x84));
      case 0x64: // DICT
        return this.push(this.fill(new Map(), this.marked()));
      case 0x61: {
        const value = this.pop();
        this.list().push(value);
        return undefined;
      }
      case 0x65: // APPENDS
      case 0x90: {
        const values = this.marked();
        const list = this.list();
        for (const value of values) list.push(value);
        return undefined;
      }
      case 0x73: {
        const pair = this.popMany(2);
        this.fill(this.dictionary(), pair);
        return undefined;
      }
      case 0x75: {
        const pairs = this.marked();
        this.fill(this.dictionary(), pairs);
        return undefined;
      }
      case 0x94: // MEMOIZE
        this.memo.set(this.memo.size, this.top());
        return undefined;
      case 0x71: // BINPUT
        this.memo.set(this.view.getUint8(this.take(1)), this.top());
        return undefined;
      case 0x72: // LONG_BINPUT
        this.memo.set(this.view.getUint32(this.take(4), true), this.top());
        return undefined;
      case 0x70: // PUT
        this.memo.set(this.textNumber(), this.top());
        return undefined;
      case 0x68: // BINGET
        return this.push(this.remembered(this.view.getUint8(this.take(1))));
      case 0x6a: // LONG_BINGET
        return this.push(this.remembered(this.view.getUint32(this.take(4), true)));
      case 0x67: // GET
        return this.push(this.remembered(this.textNumber()));
      default:
        throw this.error(`unknown opcode 0x${opcode.toString(16)}`, 'an opcode of plain data');
    }
  }

  /** Where the next bytes begin, once that many are there. */
  private take(count: number): number {
    const from = this.at;
    if (count < 0 || from + count > this.bytes.length) {
      throw this.error(`the pickle ends ${from + count - this.bytes.length} bytes too early`, 'a whole file');
    }
    this.at = from + count;
    return from;
  }

  private length32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  private length64(): number {
    const length = Number(this.view.getBigUint64(this.take(8), true));
    if (length > this.bytes.length) throw this.error(`a value of ${length} bytes is longer than the file`);
    return length;
  }

  private raw(count: number): Uint8Array {
    const from = this.take(count);
    return this.bytes.slice(from, from + count);
  }

  private text(count: number): string {
    return new TextDecoder().decode(this.raw(count));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.error('a line without an end', 'a whole file');
    const from = this.take(end + 1 - this.at);
    return new TextDecoder().decode(this.bytes.slice(from, end));
  }

  private textNumber(): number {
    const text = this.line().replace(/L$/, '');
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw this.error(`${JSON.stringify(text)} is no number`);
    return value;
  }

  /** Little-endian two's complement; above 2^53 the nearest number. */
  private long(count: number): number {
    const digits = this.raw(count);
    let value = 0n;
    for (let i = digits.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(digits[i]!);
    return Number(count > 0 && digits[count - 1]! >= 0x80 ? value - (1n << BigInt(8 * count)) : value);
  }

  private push(value: Plain): Plain {
    if (this.offsets !== null && typeof value === 'object' && !this.offsets.has(value)) {
      this.offsets.set(value, this.opcodeAt);
    }
    this.stack.push(value);
    return value;
  }

  private top(): Plain {
    const item = this.stack[this.stack.length - 1];
    if (item === undefined || item === MARK) throw this.error('the stack is empty');
    return item as Plain;
  }

  private pop(): Plain {
    const value = this.top();
    this.stack.pop();
    return value;
  }

  private popMany(count: number): Plain[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** Everything above the last mark. */
  private marked(): Plain[] {
    const from = this.stack.lastIndexOf(MARK);
    if (from < 0) throw this.error('there is no mark on the stack');
    const values = this.stack.slice(from + 1) as Plain[];
    this.stack.length = from;
    return values;
  }

  private list(): Plain[] {
    const value = this.top();
    if (!Array.isArray(value)) throw this.error('this is added to something that is no list');
    return value;
  }

  private dictionary(): Map<Plain, Plain> {
    const value = this.top();
    if (!(value instanceof Map)) throw this.error('this is set in something that is no dictionary');
    return value;
  }

  private fill(map: Map<Plain, Plain>, pairs: readonly Plain[]): Map<Plain, Plain> {
    if (pairs.length % 2 !== 0) throw this.error('a key without a value');
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i]!, pairs[i + 1]!);
    return map;
  }

  private remembered(index: number): Plain {
    const value = this.memo.get(index);
    if (value === undefined) throw this.error(`memo entry ${index} is not there`);
    return value;
  }

  private error(problem: string, expected?: string): InputError {
    return new InputError({
      code: 'bad_value',
      problem: `${problem} (offset ${this.opcodeAt})`,
      ...(expected !== undefined && { expected }),
      place: { file: this.file },
    });
  }
}

/** A container that contains itself, or null. Without recursion: nesting may be as deep as the file. */
function cycleIn(root: Plain): Plain | null {
  const open = new Set<Plain>();
  const done = new Set<Plain>();
  const stack: { readonly value: Plain; readonly leave: boolean }[] = [{ value: root, leave: false }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { value, leave } = frame;
    if (leave) {
      open.delete(value);
      done.add(value);
      continue;
    }
    const inside = Array.isArray(value) ? value : value instanceof Map ? [...value.keys(), ...value.values()] : null;
    if (inside === null || done.has(value)) continue;
    if (open.has(value)) return value;
    open.add(value);
    stack.push({ value, leave: true });
    for (const item of inside) stack.push({ value: item, leave: false });
  }
  return null;
}
