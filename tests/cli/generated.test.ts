import { expect, test } from 'vitest';
import { commandsMarkdown } from '../../cli/commandsMarkdown.ts';
import { buildTree } from '../../cli/tree.ts';
import { jsonSchemas } from '../../studies/jsonSchemas.ts';
import { tierflow } from './harness.ts';

// These files are made from the code; `npx vitest run tests/cli/generated.test.ts -u` writes them again.

const silent = {
  print: () => {},
  note: () => {},
  env: {},
  printsToScreen: false,
  notesToScreen: false,
  width: 80,
  threads: 1,
};

test('docs/commands.md is what the tree of commands says', async () => {
  const tree = buildTree(silent, async () => {});
  await expect(commandsMarkdown(tree)).toMatchFileSnapshot('../../docs/commands.md');
});

const schemas = await jsonSchemas();

test.each(Object.entries(schemas))('schemas/%s.schema.json is what the validator accepts', async (kind, schema) => {
  const text = `${JSON.stringify(schema, null, 2)}\n`;
  await expect(text).toMatchFileSnapshot(`../../schemas/${kind}.schema.json`);
});

test('schema prints the committed file', async () => {
  const { code, out } = await tierflow('schema', 'study');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Tierflow study',
  });
  expect((await tierflow('schema', 'studdy')).err).toContain('did you mean "study"?');
});
