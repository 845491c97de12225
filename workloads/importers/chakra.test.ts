import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../input/index.ts';
import { importer } from './chakra.ts';

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];
const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)]);
const part = (field: number, bytes: readonly number[]): number[] => [field * 8 + 2, ...varint(bytes.length), ...bytes];
const number = (field: number, value: number): number[] => [field * 8, ...varint(value)];

interface Wanted {
  readonly id: number;
  readonly data?: readonly number[];
  readonly micros?: number;
  readonly inputs?: string;
  readonly outputs?: string;
}
const node = ({ id, data = [], micros = 0, inputs, outputs }: Wanted): number[] => [
  ...number(1, id),
  ...part(2, utf8(`op${id}`)),
  ...number(3, 4),
  ...part(5, data.flatMap(varint)),
  ...number(7, micros),
  ...(inputs === undefined ? [] : part(8, part(1, utf8(inputs)))),
  ...(outputs === undefined ? [] : part(9, part(1, utf8(outputs)))),
];
const file = (...nodes: readonly number[][]): Uint8Array =>
  Uint8Array.from([part(1, utf8('1')), ...nodes].flatMap((message) => [...varint(message.length), ...message]));

const eventsOf = (bytes: Uint8Array): Record<string, unknown>[] =>
  importer
    .convertBytes(bytes, { file: 't.et' })
    .text.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('nodes become calls', () => {
  const weight = "[[1, 10, 0, 64, 4, 'cuda:0']]";
  const made = "[[2, 20, 0, 32, 2, 'cuda:0']]";

  test('what nobody made is a constant, what is made has its bytes, and both go after their last use', () => {
    const bytes = file(
      node({ id: 7, micros: 3, inputs: weight, outputs: made }),
      node({ id: 8, micros: 5, inputs: made, outputs: made }),
    );
    expect(eventsOf(bytes).map(({ kind, bytes: size }) => size ?? kind)).toEqual([
      undefined,
      256,
      'call',
      'release',
      'call',
      'release',
    ]);
    expect(eventsOf(bytes)[2]).toEqual({
      kind: 'call',
      name: 'op7',
      cost_ns: 3000,
      inputs: [0],
      outputs: [{ tensor: 1, bytes: 64, alias_of: -1 }],
    });
    // Written in place: an alias of what it read.
    expect(eventsOf(bytes)[4]).toMatchObject({ outputs: [{ tensor: 2, bytes: 0, alias_of: 0 }] });
  });

  test('in the order of their dependencies', () => {
    const names = eventsOf(file(node({ id: 1, data: [2] }), node({ id: 2 })))
      .filter(({ kind }) => kind === 'call')
      .map(({ name }) => name);
    expect(names).toEqual(['op2', 'op1']);
  });

  test('a kernel gives its time to the op that launched it', () => {
    const json = JSON.stringify({
      workload_graph: [
        { Id: 1, Name: 'op', NodeType: 4, runtime: 9, is_cpu_op: true },
        { Id: 2, Name: 'kernel', NodeType: 4, runtime: 5, data_deps: [1], is_cpu_op: false },
      ],
    });
    const calls = eventsOf(Uint8Array.from(utf8(json))).filter(({ kind }) => kind === 'call');
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ name: 'op', cost_ns: 5000 });
  });

  test('objects one after the other, numbers as text and types by name', () => {
    const json = '{"version":"1"}{"id":"3","name":"a","type":"COMP_NODE","durationMicros":"2"}';
    expect(eventsOf(Uint8Array.from(utf8(json)))[1]).toMatchObject({ name: 'a', cost_ns: 2000 });
  });
});

describe('what is broken is refused with its place', () => {
  const whole = file(node({ id: 1, micros: 3 }), node({ id: 2, data: [1] }));
  test.each([
    ['cut off', whole.slice(0, -3), /does not fit.*offset/],
    ['a cycle', file(node({ id: 1, data: [2] }), node({ id: 2, data: [1] })), /node 1 \(offset 4\) waits for itself/],
    ['twice', file(node({ id: 1 }), node({ id: 1 })), /node 1 stands twice \(offset/],
    ['empty', file(), /no node that does anything/],
    ['gzip', Uint8Array.from([0x1f, 0x8b, 8]), /compressed with gzip/],
    ['a wire type', Uint8Array.from([2, 11, 0]), /wire type 3 \(offset 1\)/],
    ['no field', Uint8Array.from([1, 0]), /no number \(offset 1\)/],
    ['text cut off', Uint8Array.from(utf8('{"nodes": [')), /ends inside an object \(offset 0\)/],
    ['bad JSON', Uint8Array.from(utf8('{"nodes": [1,,2]}')), /no JSON \(offset/],
    ['a node without number', Uint8Array.from(utf8('{"nodes": [{"id": "x"}]}')), /node 0 has an id "x"/],
  ])('%s', (_, bytes, message) => {
    expect(() => eventsOf(bytes)).toThrow(InputError);
    expect(() => eventsOf(bytes)).toThrow(message);
  });

  test('whatever the bytes', () => {
    const damaged = fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, value]) => {
      const bytes = whole.slice();
      bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), damaged), (bytes) => {
        try {
          eventsOf(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
