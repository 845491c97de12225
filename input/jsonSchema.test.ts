import * as v from 'valibot';
import { expect, test } from 'vitest';
import { toJsonSchema } from './jsonSchema.ts';
import { quantity } from './schema.ts';

const OPTIONS = { id: 'https://example.org/x.json', title: 'X' };

test('quantities are a number or text, with description and examples', async () => {
  const schema = v.strictObject({
    size_bytes: quantity('bytes', { description: 'Capacity.', exclusiveMin: 0 }),
    share: v.exactOptional(quantity('fraction', { description: 'Share', max: 1 })),
  });
  expect(await toJsonSchema(schema, OPTIONS)).toEqual({
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'https://example.org/x.json',
    title: 'X',
    type: 'object',
    properties: {
      size_bytes: {
        anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'string' }],
        description: 'Capacity (a plain number is in bytes).',
        examples: ['16 GiB', '80 GB', '4096'],
      },
      share: {
        anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, { type: 'string' }],
        description: 'Share (a plain number is in parts of one).',
        examples: ['12%', '0.12'],
      },
    },
    required: ['size_bytes'],
    additionalProperties: false,
  });
});

test('descriptions of maps and kinds come through, checks are left out', async () => {
  const schema = v.pipe(
    v.variant('kind', [
      v.pipe(v.strictObject({ kind: v.literal('a') }), v.description('First kind')),
      v.strictObject({ kind: v.literal('b'), bits: v.record(v.picklist(['kv']), v.number()) }),
    ]),
    v.check(() => true),
    v.transform((value) => value.kind),
    v.metadata({ description: 'A choice' }),
  );
  const json = await toJsonSchema(schema, OPTIONS);
  expect(json.description).toBe('A choice');
  expect(json.oneOf).toMatchObject([{ description: 'First kind' }, { required: ['kind', 'bits'] }]);
});
