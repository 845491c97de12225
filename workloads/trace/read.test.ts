import { expect, test } from 'vitest';
import { readTrace } from './read.ts';

const fields = { kind: 'trace', file: 'step.jsonl', format: 'tensor-trace' } as const;
const head = (tensors: unknown): object => ({ schema: 'tierflow/tensor-trace/1', tensors });
const constant = (tensor: unknown, bytes: unknown = 8): object => ({ kind: 'constant', tensor, bytes });
const call = (inputs: unknown, outputs: unknown): object => ({ kind: 'call', name: 'f', cost_ns: 1, inputs, outputs });
const read = (...lines: unknown[]) => readTrace(fields, lines.map((line) => JSON.stringify(line)).join('\n'));

test.each<[string, unknown[], RegExp]>([
  ['no head', [constant(0)], /:1:1: this is no tensor trace \(offset 0\)/],
  ['more tensors than memory', [head(1e15), constant(0)], /only 1 of 1000000000000000 tensors are made/],
  ['tensors below none', [head(-1)], /this is no tensor trace/],
  ['half a tensor', [head(2), constant(0.5)], /tensor 0.5 cannot be made \(offset 49\)/],
  ['a constant of no size', [head(1), constant(0, -1)], /this constant has no size/],
  ['an event of nothing', [head(1), null], /:2:1: this line is no JSON object/],
  ['an output of nothing', [head(1), call([], [null])], /this output is not complete/],
  [
    'an op that reads its own output',
    [head(1), call([0], [{ tensor: 0, bytes: 1, alias_of: -1 }])],
    /tensor 0 is not there/,
  ],
  [
    'an alias of no argument',
    [head(1), call([], [{ tensor: 0, bytes: 0, alias_of: 0 }])],
    /this output is not complete/,
  ],
  [
    'a release of what is not there',
    [head(1), { kind: 'release', tensor: 0 }],
    /:2:1: tensor 0 is not there \(offset 49\)/,
  ],
])('%s is refused with its line and offset', (_, lines, message) => {
  expect(() => read(...lines)).toThrow(message);
});

test('a file that is cut off is refused', () => {
  const text = [head(2), constant(0), constant(1)].map((line) => JSON.stringify(line)).join('\n');
  expect(() => readTrace(fields, text.slice(0, -5))).toThrow(/:3:1: this line is no JSON \(offset \d+\)/);
  expect(() => readTrace(fields, text.slice(0, text.lastIndexOf('\n')))).toThrow(/only 1 of 2 tensors are made/);
});
