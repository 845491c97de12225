import * as v from 'valibot';
import { accessSchema } from './access/schema.ts';
import { agentSchema } from './agent/schema.ts';
import { attentionSchema } from './attention/layerSchema.ts';
import { cnnSchema } from './cnn/schema.ts';
import { copySchema } from './copy/schema.ts';
import { generateSchema } from './generate/schema.ts';
import { ioSchema } from './io/schema.ts';
import { mappingSchema } from './mapping/schema.ts';
import { mixerSchema } from './mixers/schema.ts';
import { searchSchema } from './search/schema.ts';
import { streamSchema } from './stream/schema.ts';
import { traceSchema } from './trace/schema.ts';
import { trainSchema } from './train/schema.ts';

/** Any workload; `kind` says which. A new kind is a folder, its schema here and its line in `buildProgram` or `runDevice`. */
export const workloadSchema = v.variant('kind', [
  generateSchema,
  agentSchema,
  trainSchema,
  cnnSchema,
  traceSchema,
  ioSchema,
  copySchema,
  streamSchema,
  accessSchema,
  attentionSchema,
  mixerSchema,
  searchSchema,
  mappingSchema,
]);
export type Workload = v.InferOutput<typeof workloadSchema>;

/** Workloads that exercise one device by itself: they have no program, and no policy has a part in them. */
export type DeviceWorkload = Extract<
  Workload,
  { kind: 'io' | 'copy' | 'stream' | 'access' | 'attention' | 'mixer' | 'search' }
>;

const DEVICE_KINDS: readonly string[] = [
  'io',
  'copy',
  'stream',
  'access',
  'attention',
  'mixer',
  'search',
] satisfies DeviceWorkload['kind'][];

export function isDeviceWorkload(workload: Workload): workload is DeviceWorkload {
  return DEVICE_KINDS.includes(workload.kind);
}
