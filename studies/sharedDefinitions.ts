import type { JsonSchema } from '../input/jsonSchema.ts';

/** Repeated parts shorter than this are left where they are, in characters. */
const WORTH_SHARING = 300;

type Json = unknown;

/**
 * The same JSON Schema with every long part that occurs more than once written once, under `definitions`, and named
 * after the first field that has it.
 */
export function shareDefinitions(schema: JsonSchema): JsonSchema {
  const counts = new Map<string, number>();
  countParts(schema, counts);
  const names = new Map<string, string>();
  const definitions: Record<string, Json> = {};

  const rewrite = (value: Json, key: string): Json => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => rewrite(item, key));
    const text = JSON.stringify(value);
    const shared = 'type' in value || 'anyOf' in value ? (counts.get(text) ?? 0) > 1 : false;
    if (!shared) return inside(value, key);
    const known = names.get(text);
    if (known !== undefined) return { $ref: `#/definitions/${known}` };
    const name = freeName(key, definitions);
    names.set(text, name);
    definitions[name] = null;
    definitions[name] = inside(value, key);
    return { $ref: `#/definitions/${name}` };
  };
  const inside = (value: object, key: string): Record<string, Json> =>
    Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, rewrite(item, STRUCTURE.has(name) ? key : name)]),
    );

  const body = inside(schema, 'root');
  return (Object.keys(definitions).length === 0 ? body : { ...body, definitions }) as JsonSchema;
}

/** Words of JSON Schema itself, which name no field. */
const STRUCTURE = new Set([
  'properties',
  'items',
  'anyOf',
  'oneOf',
  'allOf',
  'additionalProperties',
  'additionalItems',
]);

function countParts(value: Json, counts: Map<string, number>): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) {
    const text = JSON.stringify(value);
    if (text.length >= WORTH_SHARING) counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  for (const item of Object.values(value)) countParts(item, counts);
}

function freeName(key: string, taken: Readonly<Record<string, unknown>>): string {
  let name = key;
  for (let n = 2; Object.hasOwn(taken, name); n++) name = `${key}_${n}`;
  return name;
}
