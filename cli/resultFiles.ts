import * as v from 'valibot';
import { dataSource, validate } from '../input/index.ts';
import type { StudyResult } from '../sim/types/index.ts';
import { readJson } from '../studies/load.ts';

const resultSchema = v.looseObject({
  schema: v.literal('tierflow/run/1'),
  study: v.string(),
  case: v.string(),
  seed: v.number(),
  resolved: v.record(v.string(), v.unknown()),
  metrics: v.record(v.string(), v.number()),
  claims: v.array(v.looseObject({})),
  warnings: v.array(v.string()),
  provenance: v.record(v.string(), v.union([v.string(), v.number()])),
});

/** Whether an argument names stored results rather than a study. */
export function isResultFile(ref: string): boolean {
  return ref.endsWith('.json');
}

/**
 * The results in a file that `run --json` or `run --out` wrote: one document, or an array of them.
 * @throws InputError where it holds anything else.
 */
export function readResults(file: string): StudyResult[] {
  const data = readJson(file);
  const documents = Array.isArray(data) ? data : [data];
  return documents.map((document) => validate(resultSchema, dataSource(document, file)) as unknown as StudyResult);
}
