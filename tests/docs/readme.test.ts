import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageFolder } from '../../input/packageFiles.ts';
import { validationTable, withValidation } from '../../studies/validationTable.ts';
import { scratch, tierflow } from '../cli/harness.ts';
import { runCatalogue } from './catalogue.ts';

// What is measured in the README is made from the studies; `npx vitest run tests/docs/readme.test.ts -u` writes it again.

const README = join(packageFolder(), 'README.md');
const files = scratch();

test('the validation table of the README is what the studies give', async () => {
  const table = validationTable(await runCatalogue());
  await expect(withValidation(readFileSync(README, 'utf8'), table)).toMatchFileSnapshot(README);
});

test('the figure of the README is the one its study declares', async () => {
  const { code } = await tierflow('plot', 'flexgen/opt-175b-t4', files.path('figures'));
  expect(code).toBe(0);
  const svg = readFileSync(files.path('figures/opt-175b-claims.svg'), 'utf8');
  await expect(svg).toMatchFileSnapshot('../../docs/images/opt-175b-claims.svg');
  expect(readFileSync(README, 'utf8')).toContain('](docs/images/opt-175b-claims.svg)');
});

test('the README is short', () => {
  expect(readFileSync(README, 'utf8').split('\n').length).toBeLessThan(200);
});
