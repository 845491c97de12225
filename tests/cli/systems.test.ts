import { expect, test } from 'vitest';
import { listStudies, readSystems } from '../../studies/load.ts';
import { studiesOf } from '../../studies/systems.ts';
import { tierflow } from './harness.ts';

test('the list of systems fits a terminal of 80 columns and says how many have which status', async () => {
  const { code, out } = await tierflow('list', 'systems');
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(lines.filter((line) => /^ ?\d+ {2}/.test(line))).toHaveLength(74);
  expect(out).toContain('74 systems: ');
});

test('its JSON has an id and a status for each', async () => {
  const { out } = await tierflow('list', 'systems', '--json');
  const systems = JSON.parse(out) as { id: string; status: string; study: string[] }[];
  expect(systems).toHaveLength(74);
  for (const { id, status } of systems) expect([id, status]).toEqual([expect.any(String), expect.stringMatching(/./)]);
});

test('one system is shown in full, and a mistyped one gets its nearest', async () => {
  expect((await tierflow('show', 'mem0')).out).toContain('mem0/locomo');
  const wrong = await tierflow('show', 'mem00');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('did you mean "mem0"?')]);
});

test('agents, retrieval, memories, sequence models and papers that are not about memory all have a study that runs', () => {
  const kinds = ['agent', 'rag', 'sequence', 'unrelated', 'metric', 'survey'];
  const studies = listStudies();
  const bare = readSystems().filter((system) => kinds.includes(system.kind) && studiesOf(system, studies).length === 0);
  expect(bare).toEqual([]);
});
