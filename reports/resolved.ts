import { formatQuantity } from '../input/formatQuantity.ts';

/**
 * Reading the resolved study that a result carries. Its shape is the study file's; a part that is not there is simply
 * not reported.
 * @module
 */

/** The value at a dotted path (`workload.batch`), or undefined. A list entry is named by its index or by its `id`. */
export function readPath(root: unknown, path: string): unknown {
  let value: unknown = root;
  for (const key of path.split('.')) {
    if (value === null || typeof value !== 'object') return undefined;
    value = Array.isArray(value)
      ? (value[Number(key)] ?? value.find((item: unknown) => idOf(item) === key))
      : Object.hasOwn(value, key)
        ? (value as Record<string, unknown>)[key]
        : undefined;
  }
  return value;
}

/** A name, or the `id` of an inline description. */
export function idOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object') return undefined;
  const id = (value as Record<string, unknown>)['id'];
  return typeof id === 'string' ? id : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** A scalar or a short list as people write it; maps come as their kind, preset or id. */
function short(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'string') return String(value);
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number') ? value.join('/') : undefined;
  if (!isRecord(value)) return undefined;
  return short(value['preset'] ?? value['kind'] ?? value['id']);
}

/** What changes nothing and so says nothing: off, zero, a single part. */
const isNeutral = (key: string, value: unknown): boolean =>
  value === false || value === null || value === undefined || value === 0 || (value === 1 && key.endsWith('_parallel'));

/** `name value` for every scalar field but those in `skip` and the neutral ones; a true flag is its name. */
function fields(record: Record<string, unknown>, skip: readonly string[]): string[] {
  return Object.entries(record).flatMap(([key, value]) => {
    if (skip.includes(key) || isNeutral(key, value)) return [];
    const unit = typeof value !== 'number' ? null : key.endsWith('_bytes') ? 'bytes' : key.endsWith('_s') ? 's' : null;
    const name = (unit === null ? key : key.slice(0, -unit.length - 1)).replaceAll('_', ' ');
    if (value === true) return [name];
    const text = unit === null ? short(value) : formatQuantity(value as number, unit);
    return text === undefined ? [] : [`${name} ${text}`];
  });
}

/** `generate opt-30b: prompt 512, output 32, batch 48, batches 3`, or undefined when there is no workload. */
export function describeWorkload(workload: unknown): string | undefined {
  if (!isRecord(workload)) return idOf(workload);
  const head = [short(workload['kind']), short(workload['model'] ?? workload['trace'] ?? workload['dataset'])];
  const rest = fields(workload, ['kind', 'model', 'trace', 'dataset', 'source', 'title']);
  return [head.filter(Boolean).join(' '), rest.join(', ')].filter(Boolean).join(': ');
}

/** `placement percent (weights 20/80, kv 0/100) · kv full`, or undefined when there is no policy. */
export function describePolicy(policy: unknown): string | undefined {
  if (!isRecord(policy)) return idOf(policy);
  const parts = Object.entries(policy).flatMap(([part, value]) => {
    if (typeof value === 'string') return [`${part} ${value}`];
    if (!isRecord(value)) return [];
    const name = short(value['preset'] ?? value['kind']);
    const rest = fields(value, ['kind', 'preset', 'source', 'title', 'id']).join(', ');
    if (!name) return rest ? [`${part} ${rest}`] : [];
    return [rest ? `${part} ${name} (${rest})` : `${part} ${name}`];
  });
  return parts.length > 0 ? parts.join(' · ') : undefined;
}
