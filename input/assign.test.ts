import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { applyAssignments, parseAssignment, parseVariation, setPath } from './assign.ts';
import { InputError } from './errors.ts';
import { parsePath } from './parsePath.ts';
import { formatPath, getPath } from './path.ts';
import { validate } from './schema.ts';
import { parseYaml } from './yaml.ts';

test.each<[string, (string | number)[]]>([
  ['a', ['a']],
  ['a.b[0].c', ['a', 'b', 0, 'c']],
  ['a.0.b', ['a', '0', 'b']],
  ['models["opt-1.3b"].layers', ['models', 'opt-1.3b', 'layers']],
  ['machine.links.pcie.h2d_bytes_per_s', ['machine', 'links', 'pcie', 'h2d_bytes_per_s']],
])('the path %s', (text, path) => {
  expect(parsePath(text).path).toEqual(path);
});

test.each(['', '.a', 'a.', 'a..b', 'a[', 'a[x]', 'a[0]b', 'a b', '__proto__.x', 'a["constructor"]', 'a="b'])(
  'the path %j is refused',
  (text) => {
    expect(() => parsePath(text)).toThrow(InputError);
  },
);

test('any path is written so that it reads back', () => {
  const segment = fc.oneof(fc.string({ minLength: 1 }), fc.nat(1000));
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.array(segment, { maxLength: 6 }), (head, tail) => {
      const path = [head, ...tail];
      if (path.some((s) => ['__proto__', 'constructor', 'prototype'].includes(String(s)))) return;
      expect(parsePath(formatPath(path)).path).toEqual(path);
    }),
  );
});

describe('parseAssignment', () => {
  test('reads plain words and whole numbers as YAML does', () => {
    const words = [
      'a',
      'tflm-greedy',
      'true',
      'false',
      'null',
      'yes',
      'no',
      'e1',
      '0',
      '7',
      '007',
      '0x1f',
      '1e3',
      '12345678',
    ];
    for (const word of [...words, 'x y', 'a:b', '-', 'n', 'on', 'inf', 'nan', '1-2', 'a#b']) {
      const { value } = parseYaml(word, 'text', { root: 'any' });
      expect(parseAssignment(`a=${word}`).value, word).toEqual(value);
    }
  });

  test.each<[string, unknown]>([
    ['a.b=1', 1],
    ['a.b=24e9', 24e9],
    ['a.b=16 GiB', '16 GiB'],
    ['a.b={preset: h2o, ratio: 0.2}', { preset: 'h2o', ratio: 0.2 }],
    ['a.b=[1, 2]', [1, 2]],
    ['a.b=false', false],
    ['a.b=null', null],
    ['a.b=x=y', 'x=y'],
  ])('%s', (text, value) => {
    expect(parseAssignment(text)).toEqual({ path: ['a', 'b'], value, from: '--set a.b' });
  });

  test.each([
    ['a.b', '--set a.b: "a.b" has no =; expected a value, as in a.b=VALUE'],
    ['a.b=', '--set a.b: there is nothing after the =; expected a value, as in a.b=VALUE'],
    ['a={b: 1', '--set a:1:6: bad YAML: '],
    ['=1', '--set: a name is missing in the path "=1"; expected names joined by dots'],
  ])('%s is refused', (text, message) => {
    expect(() => parseAssignment(text)).toThrow(message);
  });
});

test('a variation is a list of YAML values', () => {
  expect(parseVariation('workload.batch=1,2,4')).toEqual({ path: ['workload', 'batch'], values: [1, 2, 4] });
  expect(parseVariation('k=16 GiB, 32 GiB').values).toEqual(['16 GiB', '32 GiB']);
  expect(parseVariation('k={preset: h2o, ratio: 0.2}, full').values).toEqual([{ preset: 'h2o', ratio: 0.2 }, 'full']);
  expect(parseVariation('k=[1, 2],[3]').values).toEqual([[1, 2], [3]]);
});

describe('setPath', () => {
  const data = {
    policy: { kv: { preset: 'full' } },
    links: [
      { id: 'pcie', bw: 1 },
      { id: 'nvme', bw: 2 },
    ],
    n: [1, 2],
  };

  test('replaces without changing what it was given', () => {
    const before = structuredClone(data);
    const after = setPath(data, 'policy.kv.preset', 'h2o') as typeof data;
    expect(after.policy.kv.preset).toBe('h2o');
    expect(data).toEqual(before);
    expect(after.links).toBe(data.links);
  });

  test('elements by index and by id', () => {
    expect(getPath(setPath(data, 'links.nvme.bw', 9), ['links', 1, 'bw'])).toBe(9);
    expect(getPath(setPath(data, 'links[0].bw', 9), ['links', 0, 'bw'])).toBe(9);
    expect(getPath(setPath(data, 'n.1', 9), ['n'])).toEqual([1, 9]);
    expect(getPath(setPath(data, 'n[2]', 9, { create: true }), ['n'])).toEqual([1, 2, 9]);
  });

  test('adds keys only when told to', () => {
    expect(setPath({ a: null }, 'a.b.c', 1, { create: true })).toEqual({ a: { b: { c: 1 } } });
    expect(setPath(undefined, 'a[0].b', 1, { create: true })).toEqual({ a: [{ b: 1 }] });
    expect(() => setPath({ a: {} }, 'a.b', 1)).toThrow('there is no "b" in a');
  });

  test.each([
    ['polcy.kv', 'there is no "polcy"; expected one of policy, links, n; did you mean "policy"?'],
    [
      'links.pci.bw',
      'there is no element "pci" in links; expected one of pcie, nvme, or an index from 0 to 1; did you mean "pcie"?',
    ],
    ['n[2]', 'there is no element "2" in n; expected an index from 0 to 1'],
    ['policy.kv.preset.x', 'policy.kv.preset is "full"; expected a map or a list that holds "x"'],
    ['toString.x', 'there is no "toString"'],
    ['n.length', 'there is no element "length" in n'],
  ])('%s leads nowhere', (path, message) => {
    expect(() => setPath(data, path, 1)).toThrow(message);
  });

  test('never reaches a prototype', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(() => setPath({}, [key, 'x'], 1, { create: true })).toThrow(InputError);
      expect(() => setPath({ a: [] }, ['a', key, 'x'], 1, { create: true })).toThrow(InputError);
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('what is set can be read at the same path, and the rest stays', () => {
    const key = fc.stringMatching(/^[a-z]{1,3}$/);
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue({ maxDepth: 3 })),
        fc.array(key, { minLength: 1, maxLength: 4 }),
        (root, path) => {
          const before = JSON.stringify(root);
          try {
            const after = setPath(root, path, 42, { create: true });
            expect(getPath(after, path)).toBe(42);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
          expect(JSON.stringify(root)).toBe(before);
        },
      ),
    );
  });
});

describe('applyAssignments', () => {
  const source = parseYaml('batch: 1\npolicy: {kv: full}\n', 'x.yaml');
  const schema = v.strictObject({ batch: v.number(), policy: v.strictObject({ kv: v.string() }) });
  const run = (...texts: string[]) =>
    validate(
      schema,
      applyAssignments(
        source,
        texts.map((t) => parseAssignment(t)),
      ),
    );

  test('all apply in order', () => {
    expect(run('batch=2', 'batch=3', 'policy={kv: h2o}')).toEqual({ batch: 3, policy: { kv: 'h2o' } });
    expect(source.value).toEqual({ batch: 1, policy: { kv: 'full' } });
  });

  test('a mistake is blamed on the flag that made it', () => {
    expect(() => run('batch=x')).toThrow('--set batch: batch is "x"; expected a number');
    expect(() => run('policy={kv: 1}')).toThrow('--set policy: policy.kv is 1; expected text');
    expect(() => run('polcy.kv=1')).toThrow('--set polcy.kv: unknown key "polcy"; expected one of batch, policy');
    expect(() => run('batch.x=1')).toThrow('--set batch.x: batch is 1; expected a map or a list that holds "x"');
  });
});
