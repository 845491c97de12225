import type { StudyResult } from '../sim/types/index.ts';
import { words } from './metrics.ts';
import { idOf, readPath } from './resolved.ts';

/**
 * A number or name of a result: the metric of that name, else what stands at that path of the resolved study
 * (`workload.batch`, `machine`), else `case` or `study` itself. A map is named by its id, preset or kind.
 */
export function fieldOf(result: StudyResult, path: string): number | string | undefined {
  const metric = result.metrics[path];
  if (metric !== undefined) return metric;
  if (path === 'case' || path === 'study') return result[path];
  const value = readPath(result.resolved, path);
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return value.join('/');
  return idOf(value) ?? scalar(readPath(value, 'preset')) ?? scalar(readPath(value, 'kind'));
}

const scalar = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Fields that count something, with what. */
const UNITS_OF_FIELDS: Readonly<Record<string, string>> = {
  'workload.seq': 'sequence length (tokens)',
  'workload.prompt': 'prompt (tokens)',
  'workload.output': 'output (tokens)',
};

/** A path as an axis says it: `workload.batch` is `batch`, `policy.kv.preset` is `KV preset`. */
export function fieldLabel(path: string): string {
  const unit = UNITS_OF_FIELDS[path];
  if (unit !== undefined) return unit;
  const parts = path.split('.');
  const general = ['preset', 'kind', 'id'].includes(parts.at(-1)!);
  return words(parts.slice(general ? -2 : -1).join(' '));
}
