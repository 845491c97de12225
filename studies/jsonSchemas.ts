import type { GenericSchema } from 'valibot';
import { machineSchema } from '../hardware/schema.ts';
import { type JsonSchema, toJsonSchema } from '../input/jsonSchema.ts';
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
  network: { title: 'Tierflow network', schema: networkSchema },
  baseline: { title: 'Tierflow baseline', schema: baselineSchema },
};

/** Every schema by kind, draft-07. */
export async function jsonSchemas(): Promise<Record<string, JsonSchema>> {
  const made = Object.entries(SCHEMAS).map(async ([kind, { title, schema }]) => {
    return [kind, shareDefinitions(await toJsonSchema(schema, { id: `${kind}.schema.json`, title }))] as const;
  });
  return Object.fromEntries(await Promise.all(made));
}
