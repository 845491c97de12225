import { type CsvRow, InputError, oneOf, unknownName, validate, type YamlSource } from '../input/index.ts';
import { readClaim } from './claimReader.ts';
import type { Claim } from './claims.ts';
import { type CaseInput, type ClaimInput, claimUses, type Frame, frameSchema, type GridInput } from './schema.ts';

/**
 * The cases of a study: `base`, those written out, and one for every row of a table.
 * @module
 */

/** Reads the rows of a table beside the study, which must have the columns. */
export type ReadRows = (file: string, columns: readonly string[]) => readonly CsvRow[];

export interface StudyCase {
  readonly id: string;
  readonly title: string | null;
  /** Fields that differ from the top level, by path. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly claims: readonly Claim[];
  /** Where it stands, for messages about what it sets. */
  readonly at: string;
}

/** A study with its cases and claims read; the machine, workload and policy are still as written. */
export interface StudyDocument {
  /** `system/case` in the catalogue, else the path as it was given, without its ending. */
  readonly name: string;
  readonly source: YamlSource;
  readonly frame: Frame;
  readonly cases: readonly StudyCase[];
}

const BASE = 'base';

/**
 * The study of a parsed file.
 * @throws InputError for unknown keys, duplicate ids, and claims that cannot be read.
 */
export function readDocument(name: string, source: YamlSource, readRows: ReadRows): StudyDocument {
  const frame = validate(frameSchema, source);
  const drafts: Draft[] = [{ id: BASE, title: frame.title, set: {}, claims: frame.claims ?? [], path: ['claims'] }];
  for (const [index, entry] of (frame.cases ?? []).entries()) {
    if ('from' in entry) drafts.push(...gridDrafts(entry, index, readRows));
    else drafts.push(caseDraft(entry, index));
  }
  refuseDuplicates(
    drafts.map((draft) => draft.id),
    'case',
    source,
  );
  const ids = drafts.map((draft) => draft.id);
  const cases = drafts.map((draft): StudyCase => {
    refuseDuplicates(
      draft.claims.map((claim) => claim.id),
      `claim of case ${draft.id}`,
      source,
    );
    const claims = draft.claims.map((claim, index) => {
      const path = draft.shared ? draft.path : [...draft.path, index];
      return readClaim(claim, ids, (below, part) => source.place(draft.shared ? path : [...path, ...below], part));
    });
    return {
      id: draft.id,
      title: draft.title,
      set: draft.set,
      claims,
      at: draft.at ?? `${source.file} case ${draft.id}`,
    };
  });
  return { name, source, frame, cases };
}

/**
 * The case of this id.
 * @throws InputError naming the nearest one.
 */
export function caseOf(study: StudyDocument, id: string): StudyCase {
  const found = study.cases.find((candidate) => candidate.id === id);
  if (found) return found;
  throw unknownName(
    'case',
    id,
    study.cases.map((candidate) => candidate.id),
    { file: study.source.file },
  );
}

interface Draft {
  readonly id: string;
  readonly title: string | null;
  readonly set: Readonly<Record<string, unknown>>;
  readonly claims: readonly ClaimInput[];
  readonly path: readonly (string | number)[];
  /** All claims of the draft stand at one place (a row of a table). */
  readonly shared?: boolean;
  readonly at?: string;
}

function caseDraft(entry: CaseInput, index: number): Draft {
  const path = ['cases', index, 'claims'];
  return { id: entry.id, title: entry.title ?? null, set: entry.set ?? {}, claims: entry.claims ?? [], path };
}

function gridDrafts(grid: GridInput, index: number, readRows: ReadRows): Draft[] {
  const { claim, set } = grid;
  const named = grid.id === undefined ? [] : [grid.id];
  const rows = readRows(grid.from, [...new Set([...named, ...Object.values(set), claim.column])]);
  const stem = grid.from.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  return rows.map((row, number): Draft => {
    const id = grid.id === undefined ? `${stem}-${number + 1}` : row.text(grid.id).trim();
    const published = {
      id,
      metric: claim.metric,
      value: cell(row.text(claim.column)) as string | number,
      use: rowUse(claim.use ?? 'validate', row),
      source: claim.source,
    };
    return {
      id,
      title: null,
      set: Object.fromEntries(Object.entries(set).map(([path, column]) => [path, cell(row.text(column))])),
      claims: row.has(claim.column) ? [published] : [],
      path: ['cases', index],
      shared: true,
      at: `${grid.from}:${row.line}`,
    };
  });
}

/** `use` itself, or what the row says in the column of that name. */
function rowUse(use: string, row: CsvRow): ClaimInput['use'] {
  const text = row.has(use) ? row.text(use).trim() : use;
  const found = claimUses.find((candidate) => candidate === text);
  if (found) return found;
  throw row.has(use) ? row.error(use, oneOf(claimUses)) : unknownName('use', use, claimUses);
}

/** A cell of a table as YAML would read the same text: a number, true or false, or text. */
function cell(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

function refuseDuplicates(ids: readonly string[], what: string, source: YamlSource): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) {
      const problem = `two ${what}s are called ${JSON.stringify(id)}`;
      throw new InputError({
        code: 'duplicate_key',
        problem,
        expected: 'different ids',
        place: source.place(['cases']),
      });
    }
    seen.add(id);
  }
}
