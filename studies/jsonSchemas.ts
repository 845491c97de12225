import type { GenericSchema } from 'valibot';
import { machineSchema } from '../hardware/schema.ts';
import { type JsonSchema, toJsonSchema } from '../input/jsonSchema.ts';
import { presetSchema } from '../policies/kv/index.ts';
import { networkSchema } from '../workloads/cnn/table/schema.ts';
import { modelSchema } from '../workloads/models/schema.ts';
import { baselineSchema } from './baseline.ts';
import { studySchema } from './schema.ts';
import { shareDefinitions } from './sharedDefinitions.ts';

/**
 * The JSON Schemas in schemas/, made from the validators. A tool of development: the command line prints the files.
 * @module
 */

const SCHEMAS: Readonly<Record<string, { readonly title: string; readonly schema: GenericSchema }>> = {
  study: { title: 'Tierflow study', schema: studySchema },
  machine: { title: 'Tierflow machine', schema: machineSchema },
  model: { title: 'Tierflow model', schema: modelSchema },
  preset: { title: 'Tierflow KV preset', schema: presetSchema },
  network: { title: 'Tierflow network', schema: networkSchema },
  baseline: { title: 'Tierflow baseline', schema: baselineSchema },
};

/** Every schema by kind, draft-07. */
export async function jsonSchemas(): Promise<Record<string, JsonSchema>> {
  const made = Object.entries(SCHEMAS).map(async ([kind, { title, schema }]) => {
    const made = await toJsonSchema(schema, { id: `${kind}.schema.json`, title });
    return [kind, shareDefinitions(kind === 'preset' ? withParameters(made) : made)] as const;
  });
  return Object.fromEntries(await Promise.all(made));
}

/** Any value of a preset may be the name of a parameter; the parameters themselves may not. */
function withParameters(schema: JsonSchema): JsonSchema {
  const widened = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(widened);
    if (typeof node !== 'object' || node === null) return node;
    const entries = Object.entries(node).map(([key, value]) => [key, key === 'params' ? value : widened(value)]);
    const inner = Object.fromEntries(entries) as Record<string, unknown>;
    const plain = inner['type'] === 'number' || inner['type'] === 'integer' || Array.isArray(inner['enum']);
    if (!plain) return inner;
    const { description, default: unset, ...rest } = inner;
    return {
      ...(description === undefined ? {} : { description }),
      ...(unset === undefined ? {} : { default: unset }),
      anyOf: [rest, { type: 'string', pattern: '^\\$[a-z_]+$' }],
    };
  };
  return widened(schema) as JsonSchema;
}
