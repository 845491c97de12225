import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../input/index.ts';
import { readPickle } from './pickle/read.ts';
import { importer } from './pytorch-snapshot.ts';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)));
const text = (value: string): number[] => [0x8c, value.length, ...new TextEncoder().encode(value)];
const PROTO = [0x80, 4];
const STOP = [0x2e];

/** {"device_traces": [[{"action", "addr", "size"}, …]]} */
function snapshot(events: readonly (readonly [action: string, address: number, size: number])[]): Uint8Array {
  const dicts = events.flatMap(([action, address, size]) => [
    ...[0x7d, 0x28],
    ...text('action'),
    ...text(action),
    ...text('addr'),
    ...[0x4b, address],
    ...text('size'),
    ...[0x4b, size],
    0x75,
  ]);
  return bytes(PROTO, [0x7d, 0x28], text('device_traces'), [0x5d, 0x5d, 0x28], dicts, [0x65, 0x61, 0x75], STOP);
}

const rowsOf = (data: Uint8Array): string[] =>
  importer.convertBytes(data, { file: 's' }).text.trim().split('\n').slice(1);

test('allocations become buffers with half-open lifetimes in events', () => {
  const data = snapshot([
    ['alloc', 1, 10],
    ['alloc', 2, 20],
    ['free_requested', 1, 10],
    ['free_completed', 1, 10],
    ['alloc', 1, 30],
  ]);
  expect(rowsOf(data)).toEqual(['b0,0,3,10', 'b1,1,5,20', 'b4,4,5,30']);
});

test('the same as JSON', () => {
  const json = JSON.stringify({ device_traces: [[], [{ action: 'alloc', addr: 5, size: 7 }]] });
  expect(rowsOf(bytes(json))).toEqual(['b0,0,1,7']);
});

test('a free of what came before the recorded history is passed over', () => {
  expect(
    rowsOf(
      snapshot([
        ['free_completed', 3, 1],
        ['alloc', 4, 8],
      ]),
    ),
  ).toEqual(['b1,1,2,8']);
});

describe('a free of what was never there is refused', () => {
  const free = { action: 'free_completed', addr: 77, size: 8 };
  const read = (snapshot: object) => importer.convertBytes(bytes(JSON.stringify(snapshot)), { file: 's' });

  test('where no segment can have held it before the history', () => {
    expect(() => read({ segments: [], device_traces: [[free]] })).toThrow(/event 0 frees 77, which is not allocated/);
    const came = { action: 'segment_alloc', addr: 64, size: 64 };
    expect(() => read({ device_traces: [[came, free]] })).toThrow(/event 1 frees 77/);
  });

  test('twice', () => {
    expect(() => read({ device_traces: [[free, free]] })).toThrow(/event 1 frees 77/);
  });

  test('but not where a segment from before the history holds it', () => {
    const segment = { address: 64, total_size: 2 ** 21, allocated_size: 2 ** 20, active_size: 2 ** 20, blocks: [] };
    expect(read({ segments: [segment], device_traces: [[free]] }).notes).toEqual([
      '1 segments when it was taken: 0.002 GiB reserved, 0.001 GiB allocated (50.0 % of it idle), 0.001 GiB active',
    ]);
  });

  test('with the offset of the event in a pickle', () => {
    const data = snapshot([
      ['free_completed', 3, 1],
      ['free_completed', 3, 1],
    ]);
    expect(() => rowsOf(data)).toThrow(/event 1 frees 3, which is not allocated \(offset 65\)/);
  });
});

describe('what could do harm or is broken is refused with its offset, and nothing runs', () => {
  test.each([
    ['GLOBAL and REDUCE', bytes('cos\nsystem\n(S"true"\ntR.'), /opcode GLOBAL would import or run code.*offset 0/],
    ['STACK_GLOBAL', bytes(PROTO, text('os'), text('system'), [0x93], STOP), /STACK_GLOBAL.*offset 14/],
    ['cut off', snapshot([['alloc', 1, 10]]).slice(0, -5), /too early.*offset|stack is empty|no mark/],
    ['unknown opcode', bytes([0xff]), /unknown opcode 0xff \(offset 0\)/],
    ['no memo entry', bytes(PROTO, [0x68, 9], STOP), /memo entry 9 is not there \(offset 2\)/],
    ['a list in itself', bytes(PROTO, [0x5d, 0x94, 0x68, 0, 0x61], STOP), /contains itself \(offset 2\)/],
    ['a huge length', bytes(PROTO, [0x58, 0xff, 0xff, 0xff, 0x7f], STOP), /too early/],
  ])('%s', (_, data, message) => {
    expect(() => rowsOf(data)).toThrow(InputError);
    expect(() => rowsOf(data)).toThrow(message);
  });

  test('whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (data) => {
        try {
          readPickle(data, 'noise');
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('whatever the JSON', () => {
    const event = fc.record({
      action: fc.constantFrom('alloc', 'free_completed', 'segment_alloc', 'oom'),
      addr: fc.oneof(fc.nat(5), fc.constant('x'), fc.constant(null)),
      size: fc.oneof(fc.nat(99), fc.constant(-1), fc.constant('y')),
    });
    const traces = fc.array(fc.oneof(fc.array(event, { maxLength: 6 }), fc.jsonValue()), { maxLength: 3 });
    fc.assert(
      fc.property(fc.oneof(fc.record({ device_traces: traces }), fc.object()), (value) => {
        try {
          rowsOf(bytes(JSON.stringify(value)));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
