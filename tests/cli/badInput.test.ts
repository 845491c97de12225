import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { scratch, tierflow } from './harness.ts';

const { path, write } = scratch();

const STUDY = `title: T
machine: t4-gcp
workload: {kind: generate, model: opt-1.3b, prompt: 64, output: 4, batch: 1}
`;
const study = (name: string, text: string): string => write(`${name}.yaml`, text);
mkdirSync(path('folder'));
mkdirSync(path('emptyFolder'));
const sparse = openSync(path('sparse.yaml'), 'w');
ftruncateSync(sparse, 2 ** 30);
closeSync(sparse);
const bombLevels = 'bcdefghijk'.split('').map((key, i) => {
  const above = String.fromCharCode(key.charCodeAt(0) - 1);
  return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${i === 0 ? 'a' : above}`).join(', ')}]`;
});
const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${bombLevels.join('\n')}\n`;

/** What is typed, and what the message must say. */
const cases: readonly (readonly [what: string, args: readonly string[], says: readonly string[]])[] = [
  ['no command of that name', ['rnu'], ["unknown command 'rnu'", 'Did you mean run']],
  ['an unknown option', ['run', '--jsn'], ["unknown option '--jsn'", 'Did you mean --json']],
  ['nothing to run', ['run'], ['nothing to run', '--machine and --model']],
  ['a machine without a model', ['run', '--machine', 't4-gcp'], ['nothing to run']],
  ['an unknown study', ['run', 'flexgen/opt-30b-t5'], ['unknown study', 'did you mean "flexgen/opt-30b-t4"?']],
  ['an unknown system', ['run', 'flexgn'], ['unknown study', 'did you mean "flexgen/']],
  ['an unknown system of several studies', ['validate', 'flexgn'], ['unknown study', 'did you mean "flexgen"?']],
  [
    'an unknown machine',
    ['run', '--machine', 't4-gpc', '--model', 'opt-1.3b'],
    ['unknown machine "t4-gpc"', '"t4-gcp"'],
  ],
  ['an unknown variant', ['run', '--machine', 't4-gcp/slow', '--model', 'opt-1.3b'], ['variant', 'slow-disk']],
  [
    'an unknown model',
    ['run', '--machine', 't4-gcp', '--model', 'opt-30bb'],
    ['unknown model "opt-30bb"', '"opt-30b"'],
  ],
  ['an unknown case', ['run', 'flexgen/opt-30b-t4', '--case', 'no-overlp'], ['unknown case', '"no-overlap"']],
  [
    'an unknown key',
    ['run', study('key', STUDY.replace('batch:', 'bach:'))],
    ['key.yaml:3:', 'unknown key "bach"', '"batch"'],
  ],
  ['an unknown key of the study', ['run', study('top', `${STUDY}polcy: {}\n`)], ['top.yaml:4:1', '"policy"']],
  ['an unknown kind', ['run', study('kind', STUDY.replace('generate', 'genrate'))], ['kind.yaml:3:', '"generate"']],
  [
    'a missing key',
    ['run', study('missing', STUDY.replace(' prompt: 64,', ''))],
    ['missing.yaml:3:', '"prompt" is missing'],
  ],
  ['a key given twice', ['run', study('twice', `${STUDY}title: U\n`)], ['twice.yaml:4:1', 'given twice']],
  ['bad YAML', ['run', study('yaml', 'title: [\n')], ['yaml.yaml:']],
  ['a list', ['run', study('list', '- a\n')], ['list.yaml:1:1', 'a map']],
  ['a __proto__ key', ['run', study('proto', `${STUDY}__proto__: {a: 1}\n`)], ['proto.yaml:4:1', 'not allowed']],
  ['a __proto__ path', ['run', study('fine', STUDY), '--set', '__proto__.x=1'], ['--set', 'not allowed']],
  ['an alias bomb', ['run', study('bomb', bomb)], ['bomb.yaml:', 'too many values']],
  ['a missing file', ['run', path('nothing.yaml')], ['nothing.yaml', 'no such file']],
  ['a directory', ['run', path('folder')], ['folder', 'a directory']],
  ['a folder without studies', ['validate', path('emptyFolder')], ['holds no study']],
  ['an empty file', ['run', study('empty', '')], ['empty.yaml', 'empty']],
  ['a comment alone', ['run', study('comment', '# nothing\n')], ['comment.yaml', 'empty']],
  ['a huge sparse file', ['run', path('sparse.yaml')], ['sparse.yaml', '1073741824 bytes', 'at most']],
  ['a file of another tongue', ['run', study('binary', '\u0000\u0001\u0002')], ['binary.yaml']],
  ['a set without a value', ['run', study('f1', STUDY), '--set', 'workload.batch'], ['--set', 'no =']],
  [
    'a set of an unknown path',
    ['run', study('f2', STUDY), '--set', 'workload.batche=2'],
    ['--set workload.batche', '"batches"'],
  ],
  ['a set of an unknown part', ['run', study('f3', STUDY), '--set', 'polcy.kv=1'], ['--set polcy.kv', '"policy"']],
  [
    'a set into the machine',
    ['run', study('f4', STUDY), '--set', 'machine.links.pcei.setup_s=1'],
    ['--set machine.links.pcei', 'pcie'],
  ],
  [
    'a unit of another kind',
    ['run', study('f5', STUDY), '--set', 'machine.memories.gpu.capacity_bytes=16 GB/s'],
    ['16 GB/s', 'bandwidth'],
  ],
  [
    'a negative size',
    ['run', study('f6', STUDY), '--set', 'machine.memories.gpu.capacity_bytes=-1'],
    ['capacity_bytes', 'negative'],
  ],
  ['a negative batch', ['run', study('f7', STUDY), '--set', 'workload.batch=-1'], ['--set workload.batch', 'batch']],
  ['not a number', ['run', study('f8', STUDY), '--set', 'workload.batch=.nan'], ['--set workload.batch', 'finite']],
  ['infinity', ['run', study('f9', STUDY), '--set', 'workload.batch=.inf'], ['finite']],
  ['half a sequence', ['run', study('f10', STUDY), '--set', 'workload.batch=1.5'], ['--set workload.batch']],
  ['a number as a flag', ['run', study('f11', STUDY), '--batch', 'two'], ['--batch', 'whole number']],
  ['a negative flag', ['run', study('f12', STUDY), '--prompt', '-5'], ['--prompt', 'whole number']],
  [
    'a case that sets the title',
    ['run', study('c1', `${STUDY}cases: [{id: a, set: {title: U}}]\n`), '--case', 'a'],
    ['cannot set "title"', 'machine, workload, policy'],
  ],
  ['two cases of one name', ['run', study('c2', `${STUDY}cases: [{id: a}, {id: a}]\n`)], ['c2.yaml:4', 'called "a"']],
  [
    'a claim without a figure',
    ['run', study('k1', `${STUDY}claims: [{id: a, metric: time.total_s, use: validate, source: s}]\n`)],
    ['k1.yaml:4', 'no figure', 'exactly one of'],
  ],
  [
    'a claim with two figures',
    [
      'run',
      study('k2', `${STUDY}claims: [{id: a, metric: time.total_s, value: 1, at_least: 1, use: validate, source: s}]\n`),
    ],
    ['value and at_least'],
  ],
  [
    'a claim of an unknown metric',
    ['run', study('k3', `${STUDY}claims: [{id: a, metric: time.totl_s, value: 1, use: validate, source: s}]\n`)],
    ['unknown metric "time.totl_s"'],
  ],
  [
    'a claim in a wrong unit',
    ['run', study('k4', `${STUDY}claims: [{id: a, metric: time.total_s, value: 1 GB, use: validate, source: s}]\n`)],
    ['k4.yaml:4', '1 GB', 'a time'],
  ],
  [
    'a claim without a source',
    ['run', study('k5', `${STUDY}claims: [{id: a, metric: time.total_s, value: 1, use: validate}]\n`)],
    ['"source" is missing'],
  ],
  [
    'a ratio over nothing',
    [
      'run',
      study('k6', `${STUDY}claims: [{id: a, metric: time.total_s, op: ratio, value: 1, use: validate, source: s}]\n`),
    ],
    ['over no case'],
  ],
  [
    'a ratio over an unknown case',
    [
      'run',
      study(
        'k7',
        `${STUDY}claims: [{id: a, metric: time.total_s, op: ratio, over: b, value: 1, use: validate, source: s}]\n`,
      ),
    ],
    ['unknown case "b"'],
  ],
  [
    'a table that is not there',
    [
      'run',
      study(
        'g1',
        `${STUDY}cases: [{from: none.csv, set: {workload.batch: b}, claim: {metric: time.total_s, column: t, source: s}}]\n`,
      ),
    ],
    ['none.csv'],
  ],
  ['a sweep of nothing', ['sweep', study('s1', STUDY)], ["required option '--vary"]],
  ['a sweep without values', ['sweep', study('s2', STUDY), '--vary', 'workload.batch='], ['--vary workload.batch']],
  [
    'a sweep of an unknown field',
    ['sweep', study('s3', STUDY), '--vary', 'workload.batche=1,2'],
    ['--vary workload.batche', '"batches"'],
  ],
  [
    'no such shard',
    ['sweep', study('s4', STUDY), '--vary', 'workload.batch=1,2', '--shard', '3/2'],
    ['--shard', '1/4'],
  ],
  ['no baseline', ['check', study('b1', STUDY), '--baseline', path('none.json')], ['none.json', '--update']],
  [
    'a baseline that is none',
    ['check', study('b2', STUDY), '--baseline', write('bad.json', '{"schema": 1}')],
    ['bad.json', 'schema'],
  ],
  [
    'a baseline that is no JSON',
    ['check', study('b3', STUDY), '--baseline', write('no.json', '{')],
    ['no.json', 'no JSON'],
  ],
  [
    'a limit that is no share',
    [
      'check',
      study('b4', STUDY),
      '--baseline',
      write('b.json', '{"schema":"tierflow/baseline/1","studies":{}}'),
      '--max-increase',
      '2 GB',
    ],
    ['--max-increase'],
  ],
  ['a comparison of one', ['compare', study('m1', STUDY)], ['only', 'two runs']],
  [
    'presets for two studies',
    ['compare', study('m4', STUDY), study('m5', STUDY), '--presets', 'h2o'],
    ['--presets changes one run', 'one study'],
  ],
  [
    'a flag beside stored results',
    ['compare', write('r3.json', '{}'), write('r4.json', '{}'), '--machine', 't4'],
    ['--machine does nothing', 'study'],
  ],
  [
    'every case of one case',
    ['compare', study('m7', STUDY), '--cases', '--case', 'base'],
    ['--cases does nothing', 'one of them'],
  ],
  ['a preset that is none', ['compare', study('m6', STUDY), '--presets', 'snpkv'], ['snpkv', 'snapkv']],
  ['a result that is none', ['compare', write('r.json', '{}'), write('r2.json', '{}')], ['r.json', 'schema']],
  [
    'an unknown metric',
    ['compare', study('m2', STUDY), study('m3', STUDY), '--metric', 'time.totl'],
    ['unknown metric'],
  ],
  ['an unknown figure', ['plot', study('p1', STUDY), path('figures'), '--figure', 'breakdwn'], ['"breakdown"']],
  ['a list of nothing', ['list', 'machnes'], ['unknown kind "machnes"', '"machines"']],
  ['an id of nothing', ['show', 't4-gpc'], ['"t4-gcp"']],
  ['a format of nothing', ['import', 'hf-confg', path('x'), '-o', '-'], ['"hf-config"']],
  ['an init over a file', ['init', study('i1', STUDY)], ['exists', '--force']],
  ['two documents on one output', ['run', study('o0', STUDY), '--trace', '-', '--json'], ['--json and --trace -']],
  ['a folder that is a file', ['run', study('o1', STUDY), '--out', `${path('o1.yaml')}/x`], ['o1.yaml']],
];

describe('what people type wrong', () => {
  test.each(cases)('%s', async (_, args, says) => {
    const { code, out, err } = await tierflow(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    for (const text of says) expect(err).toContain(text);
    expect(err).not.toMatch(/internal|^\s+at /m);
  });

  test.each(cases)('%s, with --json', async (_, args) => {
    const { code, out, err } = await tierflow(...args, ...(args.includes('--json') ? [] : ['--json']));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).not.toBe('');
  });
});
