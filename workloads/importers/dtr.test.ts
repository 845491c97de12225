import { describe, expect, test } from 'vitest';
import { InputError } from '../../input/index.ts';
import { readTrace } from '../trace/read.ts';
import { importer } from './dtr.ts';
import { readDtrLog } from './dtr-log/read.ts';

const log = (...lines: object[]): string => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
const constant = (name: string, bytes: number) => [
  { INSTRUCTION: 'CONSTANT', NAME: name },
  { INSTRUCTION: 'MEMORY', NAME: name, MEMORY: `${bytes}` },
];
const call = (args: string[], result: string, bytes: number, alias = -1) => [
  { INSTRUCTION: 'CALL', NAME: 'f', ARGS: args, RESULT: [result], TIME: '7' },
  { INSTRUCTION: 'MEMORY', NAME: result, MEMORY: `${bytes}` },
  { INSTRUCTION: 'ALIAS', NAME: result, ALIAS: `${alias}` },
];

describe('a log', () => {
  test('begins at START, renames without copies, and ends with what is still held', () => {
    const text = log(
      ...constant('before', 5),
      { INSTRUCTION: 'ANNOTATE', ANNOTATION: 'START' },
      ...constant('w', 8),
      ...call(['w'], 'y', 4),
      { INSTRUCTION: 'COPY', DST: 'z', SRC: 'y' },
      { INSTRUCTION: 'RELEASE', NAME: 'y' },
      { INSTRUCTION: 'RELEASE', NAME: 'before' },
    );
    expect(readDtrLog(text, 'log')).toEqual({
      tensors: 2,
      events: [
        { kind: 'constant', tensor: 0, bytes: 8 },
        { kind: 'call', name: 'f', cost_ns: 7, inputs: [0], outputs: [{ tensor: 1, bytes: 4, alias_of: -1 }] },
        { kind: 'retain', tensor: 1 },
        { kind: 'release', tensor: 1 },
        { kind: 'output', tensor: 0 },
        { kind: 'output', tensor: 1 },
        { kind: 'output', tensor: 1 },
      ],
    });
  });

  test('a mutation makes a new tensor of the whole storage under the old name', () => {
    const text = log(...constant('w', 8), ...call(['w'], 'v', 3, 0), {
      INSTRUCTION: 'MUTATE',
      NAME: 'add_',
      ARGS: ['v', 'w'],
      MUTATE: ['0'],
      TIME: '2',
    });
    const { events } = readDtrLog(text, 'log');
    expect(events).toContainEqual({
      kind: 'call',
      name: 'add_',
      cost_ns: 2,
      inputs: [1, 0],
      outputs: [{ tensor: 2, bytes: 8, alias_of: -1 }],
    });
    expect(events).toContainEqual({ kind: 'release', tensor: 1 });
  });

  test('comes back from the imported file', () => {
    const text = log(...constant('w', 8), ...call(['w'], 'y', 4));
    const imported = importer.convert(text, { file: 'log' });
    const fields = { kind: 'trace', file: 'x', format: 'tensor-trace' } as const;
    expect(readTrace(fields, imported.text)).toEqual(readDtrLog(text, 'log'));
  });
});

describe('a bad log is refused with its line and offset', () => {
  const good = log(...constant('w', 8), ...call(['w'], 'y', 4));
  test.each([
    ['cut off in a line', good.slice(0, -30), 'no JSON'],
    ['cut off between lines', log(...constant('w', 8).slice(0, 1)), 'no MEMORY line of "w" follows'],
    ['empty', '', 'empty'],
    ['unknown tensor', log(...call(['nobody'], 'y', 4)), 'there is no tensor "nobody"'],
    ['unknown instruction', log({ INSTRUCTION: 'EXEC', NAME: 'os.system' }), 'unknown instruction "EXEC"'],
    ['made twice', log(...constant('w', 8), ...constant('w', 8)), 'made twice'],
    ['negative size', log(...constant('w', -8)), 'no whole number'],
    ['alias of nothing', log(...constant('w', 8), ...call(['w'], 'y', 4, 3)), 'alias of argument 3'],
    [
      'released and never made',
      log(...constant('w', 8), { INSTRUCTION: 'RELEASE', NAME: 'nobody' }),
      'there is no tensor "nobody"',
    ],
    [
      'released twice',
      log(...constant('w', 8), { INSTRUCTION: 'RELEASE', NAME: 'w' }, { INSTRUCTION: 'RELEASE', NAME: 'w' }),
      'released more often',
    ],
  ])('%s', (_, text, message) => {
    try {
      readDtrLog(text, 'bad.log');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).message).toContain(message);
      if (text !== '') expect((error as InputError).message).toMatch(/offset \d+/);
    }
  });
});
