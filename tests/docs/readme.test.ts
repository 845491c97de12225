import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageFolder } from '../../input/packageFiles.ts';
import { readSystems } from '../../studies/load.ts';
import { systemStatuses, systemsMarkdown } from '../../studies/systems.ts';
import { missesMarkdown, validationTable, withValidation } from '../../studies/validationTable.ts';
import { scratch, tierflow } from '../cli/harness.ts';
import { runCatalogue } from './catalogue.ts';
import { runConsole } from './console.ts';
import { withBlocks } from './markdown.ts';

// What is measured in the README is made by running it; `npx vitest run tests/docs -u` writes it again.

/** Every study runs and the program is built: minutes on a busy machine. */
const RUNS_EVERYTHING_MS = 180_000;

const README = join(packageFolder(), 'README.md');
const MARK = '<!-- systems -->';
const files = scratch();
const here = process.cwd();
afterAll(() => process.chdir(here));

const runs = runCatalogue();

test('the status of every system follows from its studies', async () => {
  const systems = readSystems();
  const statuses = systemStatuses(
    systems,
    runs.flatMap(({ rows }) => rows),
  );
  await expect(`${JSON.stringify(statuses, null, 2)}\n`).toMatchFileSnapshot('../../studies/systems.json');
  const page = join(packageFolder(), 'docs', 'systems.md');
  const [head] = readFileSync(page, 'utf8').split(MARK);
  await expect(`${head}${MARK}\n\n${systemsMarkdown(systems, statuses)}\n`).toMatchFileSnapshot(page);
});

test(
  'the tour and the validation table of the README are what the program gives',
  async () => {
    await expect(missesMarkdown(runs)).toMatchFileSnapshot('../../docs/misses.md');
    const table = validationTable(runs);
    process.chdir(files.path('.'));
    const text = await withBlocks(withValidation(readFileSync(README, 'utf8'), table), 'console', runConsole);
    await expect(text).toMatchFileSnapshot(README);
  },
  RUNS_EVERYTHING_MS,
);

test('the figure of the README is the one its study declares', async () => {
  const { code } = await tierflow('plot', 'flexgen/opt-175b-t4', files.path('figures'));
  expect(code).toBe(0);
  const svg = readFileSync(files.path('figures/opt-175b-claims.svg'), 'utf8');
  await expect(svg).toMatchFileSnapshot('../../docs/images/opt-175b-claims.svg');
  expect(readFileSync(README, 'utf8')).toContain('](docs/images/opt-175b-claims.svg)');
});

test('what is written by hand in the README is short', () => {
  const [head, , tail] = readFileSync(README, 'utf8').split(/<!-- validation:\w+ -->/);
  expect(`${head}${tail}`.split('\n').length).toBeLessThan(200);
});
