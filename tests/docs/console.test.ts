import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packageFolder } from '../../input/packageFiles.ts';
import { scratch } from '../cli/harness.ts';
import { runConsole } from './console.ts';
import { blocks, pages, withBlocks } from './markdown.ts';

// Output shown in the guides is what the commands print; `npx vitest run tests/docs -u` writes it again.

const here = process.cwd();
afterAll(() => process.chdir(here));
const files = scratch();
const shown = pages().filter(({ path, text }) => path !== 'README.md' && blocks(text, 'console').length > 0);

test.each(shown)('what $path shows is what its commands print', async ({ path, text }) => {
  process.chdir(files.path('.'));
  await expect(await withBlocks(text, 'console', runConsole)).toMatchFileSnapshot(join(packageFolder(), path));
});
