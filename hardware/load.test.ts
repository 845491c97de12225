import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { formatPath } from '../input/path.ts';
import { knobEffect } from './knobs.ts';
import { listMachines, loadMachine, readMachineData } from './load.ts';
import { readMachineFile } from './machine.ts';
import { numericFields } from './sources.ts';

test('finds the catalogue, its variants, and files by their path', () => {
  expect(listMachines().find(({ id }) => id === 't4-gcp')?.variants).toContain('slow-disk');
  const { text, data } = readMachineData('t4-gcp');
  expect(data['id']).toBe('t4-gcp');
  const folder = mkdtempSync(join(tmpdir(), 'machine-'));
  try {
    const file = join(folder, 'mine.yaml');
    writeFileSync(file, text.replace('id: t4-gcp', 'id: mine'));
    expect(loadMachine(file)).toEqual({ ...loadMachine('t4-gcp'), id: 'mine' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('names what it cannot find and the nearest that it can', () => {
  expect(() => loadMachine('t4-gpc')).toThrow(/unknown machine "t4-gpc".*did you mean "t4-gcp"/);
  expect(() => loadMachine('t4-gpc/slow-disk')).toThrow(/did you mean "t4-gcp"/);
  expect(() => loadMachine('t4-gcp/slow-disc')).toThrow(/unknown variant of t4-gcp "slow-disc".*"slow-disk"/);
  expect(() => loadMachine('nowhere/none.yaml')).toThrow(/nowhere\/none.yaml: there is no such file/);
});

test('the slow disk differs from its host in the disk alone', () => {
  const [fast, slow] = [loadMachine('t4-gcp'), loadMachine('t4-gcp/slow-disk')];
  const rest = (machine: typeof fast) => ({
    ...machine,
    id: '',
    title: '',
    memories: machine.memories.filter(({ id }) => id !== 'disk'),
  });
  expect(rest(slow)).toEqual(rest(fast));
  expect(slow.memories[2]!.read_bytes_per_s).toBeLessThan(fast.memories[2]!.read_bytes_per_s);
});

test.each(listMachines())('the knob table knows every number of $id', ({ id }) => {
  const unknown = numericFields(readMachineFile(readMachineData(id).source))
    .filter(({ path }) => knobEffect(path) === undefined)
    .map(({ path }) => formatPath(path));
  expect(unknown).toEqual([]);
});
