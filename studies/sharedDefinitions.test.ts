import { expect, test } from 'vitest';
import type { JsonSchema } from '../input/jsonSchema.ts';
import { shareDefinitions } from './sharedDefinitions.ts';

const long = { type: 'string', description: 'x'.repeat(400) } as const;

test('a long part that occurs twice is written once', () => {
  const schema = { type: 'object', properties: { a: long, b: { type: 'array', items: long } } } as JsonSchema;
  expect(shareDefinitions(schema)).toEqual({
    type: 'object',
    properties: { a: { $ref: '#/definitions/a' }, b: { type: 'array', items: { $ref: '#/definitions/a' } } },
    definitions: { a: long },
  });
});

test('short parts and those that occur once stay where they are', () => {
  const schema = {
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'string' }, c: long },
  } as JsonSchema;
  expect(shareDefinitions(schema)).toEqual(schema);
});

test('writing every reference out again gives the schema', () => {
  const inner = { type: 'object', properties: { x: long, y: long } };
  const schema = { type: 'object', properties: { a: inner, b: inner, c: long } } as unknown as JsonSchema;
  const { definitions, ...body } = shareDefinitions(schema) as { definitions: Record<string, unknown> };
  const expand = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(expand);
    if (typeof value !== 'object' || value === null) return value;
    if ('$ref' in value) return expand(definitions[String(value.$ref).replace('#/definitions/', '')]);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item)]));
  };
  expect(expand(body)).toEqual(schema);
});
