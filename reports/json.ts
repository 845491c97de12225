import type { ClaimRow, Metrics, StudyResult } from '../sim/types/index.ts';
import { type ClaimSummary, summariseClaims } from './claims.ts';

/**
 * JSON text of a value, two spaces deep, with a final newline. Keys keep their order, so equal runs give equal bytes;
 * numbers are printed as they are (-0 as 0).
 * @throws Error naming the path of a number that JSON cannot hold (NaN, an infinity) or of a value that is no data.
 */
export function stableJson(value: unknown, indent = 2): string {
  assertData(value, '$');
  return `${JSON.stringify(value, null, indent)}\n`;
}

function assertData(value: unknown, path: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${path} is ${value}: not a JSON number`);
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new Error(`${path} is a ${typeof value}: not data`);
  }
  if (Array.isArray(value)) value.forEach((item, index) => void assertData(item, `${path}[${index}]`));
  else if (value !== null && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) assertData(item, `${path}.${key}`);
  }
}

/** The metrics with their names in alphabetical order. */
export function sortMetrics(metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What `run --json` prints: the fields in a fixed order, metrics sorted by name. */
export function runDocument(result: StudyResult): StudyResult {
  const { schema, study, case: id, seed, resolved, metrics, claims, warnings, provenance } = result;
  return { schema, study, case: id, seed, resolved, metrics: sortMetrics(metrics), claims, warnings, provenance };
}

export interface ValidationDocument {
  readonly schema: string;
  readonly claims: readonly ClaimRow[];
  readonly summary: ClaimSummary;
}

/** What `validate --json` prints. The summary counts `validate` rows only. */
export function validationDocument(rows: readonly ClaimRow[], schema = 'tierflow/validate/1'): ValidationDocument {
  return { schema, claims: rows.map(claimFields), summary: summariseClaims(rows, 'validate') };
}

function claimFields(row: ClaimRow): ClaimRow {
  const { study, case: id, metric, published, simulated, error, tolerance, use, pass, skipped, source } = row;
  const op = row.op === undefined ? {} : { op: row.op };
  return {
    study,
    case: id,
    id: row.id,
    metric,
    ...op,
    published,
    simulated,
    error,
    tolerance,
    use,
    pass,
    skipped,
    source,
  };
}
