import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { InputError } from './errors.ts';
import { dataSource, quantity, validate } from './schema.ts';
import { parseYaml } from './yaml.ts';

const placement = v.variant('kind', [
  v.strictObject({
    kind: v.literal('percent'),
    weights: v.tuple([v.number(), v.number()]),
    overlap: v.exactOptional(v.boolean(), true),
    attention_on: v.exactOptional(v.picklist(['auto', 'gpu', 'cpu'])),
  }),
  v.strictObject({ kind: v.picklist(['resident', 'near-data']) }),
]);

const study = v.strictObject({
  title: v.string(),
  machine: v.union([
    v.string(),
    v.strictObject({ id: v.string(), bw_bytes_per_s: quantity('bytes_per_s', { description: 'x', exclusiveMin: 0 }) }),
  ]),
  batch: v.pipe(v.number(), v.integer(), v.minValue(1)),
  policy: v.exactOptional(v.strictObject({ placement: v.exactOptional(placement), none: v.exactOptional(v.null()) })),
  fallback: v.exactOptional(v.union([v.picklist(['none']), placement])),
  set: v.exactOptional(v.record(v.pipe(v.string(), v.regex(/^[a-z]+$/)), v.number())),
  bits: v.exactOptional(v.record(v.picklist(['weights', 'kv']), v.number())),
  cases: v.exactOptional(
    v.array(v.strictObject({ id: v.string(), size_bytes: quantity('bytes', { description: 'x', max: 1e12 }) })),
  ),
  range: v.exactOptional(
    v.pipe(
      v.strictObject({ lo: v.number(), hi: v.number() }),
      v.check((range) => range.lo < range.hi, 'lo must be below hi'),
    ),
  ),
  tree: v.exactOptional(v.lazy(() => tree)),
});

interface Tree {
  readonly name: string;
  readonly children?: readonly Tree[];
}
const tree: v.GenericSchema<Tree> = v.strictObject({
  name: v.string(),
  children: v.exactOptional(v.array(v.lazy(() => tree))),
});

const HEAD = 'title: t\nmachine: t4\nbatch: 1\n';

function issuesOf(text: string): string[] {
  try {
    validate(study, parseYaml(text, 'x.yaml'));
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('gives the output of the schema, quantities as numbers', () => {
  const text = `${HEAD}policy: {placement: {kind: percent, weights: [1, 2]}}\ncases: [{id: a, size_bytes: 16 GiB}]`;
  const output = validate(study, parseYaml(text, 'x.yaml'));
  expect(output.cases).toEqual([{ id: 'a', size_bytes: 2 ** 34 }]);
  expect(output.policy?.placement).toEqual({ kind: 'percent', weights: [1, 2], overlap: true });
  expectTypeOf(output.batch).toEqualTypeOf<number>();
});

describe('one clear line a mistake', () => {
  test.each<[string, string, string[]]>([
    [
      'every unknown key, with the nearest',
      `${HEAD}policy:\n  palcement: {kind: resident}\n  foo: 1`,
      [
        'x.yaml:5:3: unknown key "palcement" in policy; expected one of placement, none; did you mean "placement"?',
        'x.yaml:6:3: unknown key "foo" in policy; expected one of placement, none',
      ],
    ],
    [
      'a misspelt required key once',
      'titel: t\nmachine: t4\nbatch: 1',
      [
        'x.yaml:1:1: unknown key "titel"; expected one of title, machine, batch, policy, fallback, set, bits, cases, range, tree; did you mean "title"?',
      ],
    ],
    [
      'a missing key at its map',
      `${HEAD}cases:\n  - {id: a}`,
      [
        'x.yaml:5:5: the key "size_bytes" is missing in cases[0]; expected an amount of data such as "16 GiB" or "80 GB" (a plain number is bytes)',
      ],
    ],
    [
      'an unknown kind',
      `${HEAD}policy: {placement: {kind: precent}}`,
      [
        'x.yaml:4:28: unknown kind "precent" in policy.placement; expected one of percent, resident, near-data; did you mean "percent"?',
      ],
    ],
    [
      'a missing kind',
      `${HEAD}policy: {placement: {}}`,
      ['x.yaml:4:21: the key "kind" is missing in policy.placement; expected one of percent, resident, near-data'],
    ],
    [
      'a misspelt discriminator',
      `${HEAD}policy: {placement: {knd: resident}}`,
      ['x.yaml:4:22: unknown key "knd" in policy.placement; expected "kind"'],
    ],
    [
      'a key of another kind',
      `${HEAD}policy: {placement: {kind: resident, weights: [1, 2]}}`,
      ['x.yaml:4:38: unknown key "weights" in policy.placement; expected "kind"'],
    ],
    [
      'not a map where kinds are expected',
      `${HEAD}policy: {placement: percent}`,
      [
        'x.yaml:4:21: policy.placement is "percent"; expected a map whose "kind" is one of percent, resident, near-data',
      ],
    ],
    [
      'a word outside its list',
      `${HEAD}policy: {placement: {kind: percent, weights: [1, 2], attention_on: cpuu}}`,
      ['x.yaml:4:68: policy.placement.attention_on is "cpuu"; expected one of auto, gpu, cpu; did you mean "cpu"?'],
    ],
    [
      'the option of a union that has the right shape',
      'title: t\nmachine: {id: a, bw_bytes_per_s: 12 GB}\nbatch: 1',
      [
        'x.yaml:2:34: machine.bw_bytes_per_s: "12 GB" is an amount of data; expected a bandwidth such as "12.3 GB/s" or "900 GiB/s" (a plain number is bytes per second); did you mean "GB/s"?',
      ],
    ],
    [
      'a variant inside a union',
      `${HEAD}fallback: {kind: residnt}`,
      [
        'x.yaml:4:18: unknown kind "residnt" in fallback; expected one of percent, resident, near-data; did you mean "resident"?',
      ],
    ],
    [
      'all options of a union when none fits',
      'title: t\nmachine: [1]\nbatch: 1',
      ['x.yaml:2:10: machine is a list; expected text, or a map with the keys id, bw_bytes_per_s'],
    ],
    [
      'a list for a map',
      `${HEAD}policy: [1]`,
      ['x.yaml:4:9: policy is a list; expected a map with the keys placement, none'],
    ],
    ['a check of a number', 'title: t\nmachine: t\nbatch: 0.5', ['x.yaml:3:8: batch is 0.5; expected a whole number']],
    ['a check of the author', `${HEAD}range: {lo: 2, hi: 1}`, ['x.yaml:4:8: range: lo must be below hi']],
    [
      'a key of a record',
      `${HEAD}set: {A: 1}`,
      ['x.yaml:4:7: the key "A" in set is not valid; expected text of the form /^[a-z]+$/'],
    ],
    ['a value of a record', `${HEAD}set: {a: x}`, ['x.yaml:4:10: set.a is "x"; expected a number']],
    [
      'a key of a record of words',
      `${HEAD}bits: {weigths: 4}`,
      ['x.yaml:4:8: the key "weigths" in bits is not valid; expected one of weights, kv; did you mean "weights"?'],
    ],
    [
      'a quantity out of range',
      `${HEAD}cases: [{id: a, size_bytes: 2 TB}]`,
      ['x.yaml:4:29: cases[0].size_bytes: "2 TB" is out of range; expected at most 1000000000000 bytes'],
    ],
    [
      'a quantity of the wrong type',
      `${HEAD}cases: [{id: a, size_bytes: true}]`,
      [
        'x.yaml:4:29: cases[0].size_bytes is true; expected an amount of data such as "16 GiB" or "80 GB" (a plain number is bytes)',
      ],
    ],
    [
      'a recursive schema',
      `${HEAD}tree: {name: a, children: [{nam: b}]}`,
      ['x.yaml:4:29: unknown key "nam" in tree.children[0]; expected one of name, children; did you mean "name"?'],
    ],
  ])('%s', (_, text, messages) => {
    expect(issuesOf(text).toSorted()).toEqual(messages.toSorted());
  });
});

test('a part of a source is validated under its own path', () => {
  const source = parseYaml(`${HEAD}policy:\n  placement: {kind: percnt}`, 'x.yaml');
  expect(() => validate(placement, source, ['policy', 'placement'])).toThrow(
    'x.yaml:5:21: unknown kind "percnt" in policy.placement',
  );
  expect(() => validate(placement, source, ['policy', 'kv'])).toThrow(
    'x.yaml:5:3: policy.kv is nothing; expected a map',
  );
});

test('data from code is placed by its name', () => {
  expect(() => validate(study, dataSource({ title: 1 }, 'flags'))).toThrow('flags: title is 1; expected text');
});

test('negative quantities are allowed by a negative minimum', () => {
  const saving = v.strictObject({ saving: quantity('fraction', { description: 'x', min: -1 }) });
  expect(validate(saving, dataSource({ saving: '-5%' }, 'x')).saving).toBe(-0.05);
  expect(() => validate(saving, dataSource({ saving: -2 }, 'x'))).toThrow('saving: -2 is out of range');
});

test('whatever the data, it is valid or refused with an InputError', () => {
  const word = fc.constantFrom(
    'title',
    'machine',
    'kind',
    'percent',
    'policy',
    'placement',
    'cases',
    'id',
    'tree',
    'toString',
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(fc.constantFrom<unknown>(null, true, 1, -0.5, 'x', 'percent', '12 GB'), tie('list'), tie('map')),
    list: fc.array(tie('any'), { maxLength: 3 }),
    map: fc.dictionary(word, tie('any'), { maxKeys: 5 }),
  })).any;
  fc.assert(
    fc.property(value, (data) => {
      try {
        validate(
          study,
          dataSource({ title: 't', machine: data, batch: 1, policy: data, cases: [data], tree: data }, 'x'),
        );
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
      }
    }),
    { numRuns: 1000 },
  );
});
