import { expect, test } from 'vitest';
import { formatPath } from '../input/path.ts';
import { dataSource } from '../input/schema.ts';
import { parseYaml } from '../input/yaml.ts';
import { numericFields, sourceIssues } from './sources.ts';
import { applyVariant } from './variants.ts';

const BOX = {
  memories: {
    gpu: { capacity_bytes: 1, read_bytes_per_s: 2, source: { capacity_bytes: 'label', default: 'manual' } },
    cpu: { capacity_bytes: 3, page_cache: { dirty_fraction: 4 }, source: 'list' },
  },
  host: { memory: 'cpu', relay_bytes_per_s: 5, step_s: 6, curve: [[1, 2]] },
};
const issues = (data: unknown) => sourceIssues(data, dataSource(data, 'box').place).map((issue) => issue.problem);

test('a field takes its source from its map, its default or the map around it', () => {
  const sources = numericFields(BOX).map(({ path, source }) => [formatPath(path), source]);
  expect(sources).toEqual([
    ['memories.gpu.capacity_bytes', 'label'],
    ['memories.gpu.read_bytes_per_s', 'manual'],
    ['memories.cpu.capacity_bytes', 'list'],
    ['memories.cpu.page_cache.dirty_fraction', 'list'],
    ['host.relay_bytes_per_s', undefined],
    ['host.step_s', undefined],
    ['host.curve', undefined],
  ]);
});

test('a number without a source is refused', () => {
  expect(issues(BOX)).toEqual([
    'host.relay_bytes_per_s has no source',
    'host.step_s has no source',
    'host.curve has no source',
  ]);
  expect(issues({ ...BOX, source: 'all of it' })).toEqual([]);
  expect(issues({ ...BOX, host: { ...BOX.host, source: { step_s: 'x', curve: 'y' } } })).toEqual([
    'host.relay_bytes_per_s has no source',
  ]);
});

test('sources, fits and marks name fields that are there', () => {
  const host = { ...BOX.host, source: { default: 's', steps: 't' }, fitted_on: { relay: ['a'] }, illustrative: ['x'] };
  expect(issues({ ...BOX, host })).toEqual([
    'host.source names the field "steps", which is not there',
    'host.fitted_on names the field "relay", which is not there',
    'host.illustrative names the field "x", which is not there',
  ]);
});

const WITH_VARIANT = `id: box
memories:
  disk: {read: 1, write: 2, source: label, fitted_on: {read: [a], write: [b]}, illustrative: [read]}
variants:
  slow:
    title: a slow box
    source: a slower label
    set: {memories.disk.read: 3, memories.cxl: {read: 7}}
    fitted_on: {memories.disk.read: [c]}
`;

test('a variant puts its values under its own source and claims', () => {
  const source = applyVariant(parseYaml(WITH_VARIANT, 'box.yaml'), 'slow');
  const fields = numericFields(source.value).map((f) => [
    f.path.at(-1),
    f.value,
    f.source,
    f.fitted_on,
    f.illustrative,
  ]);
  expect(fields).toEqual([
    ['read', 3, 'a slower label', ['c'], false],
    ['write', 2, 'label', ['b'], false],
    ['read', 7, 'a slower label', [], false],
  ]);
  expect(source.value).toMatchObject({ id: 'box/slow', title: 'a slow box' });
  expect(source.place(['memories', 'disk', 'read'])).toMatchObject({ line: 8 });
  expect(source.place(['memories', 'disk', 'write'])).toMatchObject({ line: 3 });
});

test('a variant changes what is there', () => {
  const source = parseYaml(WITH_VARIANT.replace('memories.disk.read: 3', 'memories.dsk.read: 3'), 'box.yaml');
  expect(() => applyVariant(source, 'slow')).toThrow(/box\.yaml:8:11: unknown key in memories "dsk".*"disk"/);
  expect(() => applyVariant(source, 'slwo')).toThrow(/unknown variant of box "slwo"; expected "slow"/);
});
