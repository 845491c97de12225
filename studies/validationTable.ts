import { claimValue, quantile, summariseClaims } from '../reports/claims.ts';
import { formatError } from '../reports/format.ts';
import { type Cell, type Column, markdownTable } from '../reports/table.ts';
import type { ClaimRow, ClaimUse } from '../sim/types/index.ts';
import type { Frame } from './schema.ts';
import type { StudyRun } from './validate.ts';

/**
 * How near the simulator is to published figures, as the README prints it.
 * @module
 */

const BEGIN = '<!-- validation:begin -->';
const END = '<!-- validation:end -->';

const right = 'right' as const;

const SYSTEM_COLUMNS: readonly Column[] = [
  { head: 'system' },
  ...['never fitted on', 'fitted on'].flatMap((head) =>
    [head, 'pass', 'median', 'p90', 'max'].map((name) => ({ head: name, align: right })),
  ),
  { head: 'other rows', align: right },
];

const MISS_COLUMNS: readonly Column[] = [
  { head: 'miss' },
  { head: 'case' },
  { head: 'metric' },
  { head: 'published', align: right },
  { head: 'simulated', align: right },
  { head: 'error', align: right },
  { head: 'use' },
  { head: 'reason' },
];

/** The part of a study that its table reads. */
export type TableRun = Pick<StudyRun, 'rows'> & { readonly study: { readonly name: string; readonly frame: Frame } };

/** Uses whose figure was measured. Another tool's prediction that ours differs from is no miss. */
const MEASURED: readonly ClaimUse[] = ['validate', 'calibrate', 'unverified'];

/**
 * A row a system: claims never fitted on (`validate`) and those fitted on (`calibrate`) with their absolute errors, and
 * how many there are of any other use; then how many measured figures are missed. No final newline.
 */
export function validationTable(runs: readonly TableRun[]): string {
  const systems = new Map<string, ClaimRow[]>();
  for (const { study, rows } of runs) {
    if (rows.length === 0) continue;
    const system = study.name.split('/')[0]!;
    systems.set(system, [...(systems.get(system) ?? []), ...rows]);
  }
  const lines = [...systems].map(([system, rows]) => systemCells(system, rows));
  if (systems.size > 1) {
    lines.push(systemCells('**all**', [...systems.values()].flat()), middleCells([...systems.values()]));
  }
  const table = markdownTable(SYSTEM_COLUMNS, lines);
  const misses = runs.flatMap(missCells).length;
  const verdict =
    misses === 0
      ? 'No measured figure is missed.'
      : `${misses} measured figures are missed; [docs/misses.md](docs/misses.md) has each with its reason.`;
  return `${table}\n\n${verdict}`;
}

/** The page of every miss of a measured figure, with what its study notes about it. */
export function missesMarkdown(runs: readonly TableRun[]): string {
  const misses = runs.flatMap(missCells);
  const head = `# Misses

Every published, measured figure that the simulator does not meet within its tolerance, with the reason its study gives.
A miss stays here until a mechanism explains it. Made from the studies by a test that also checks it.
`;
  const table = misses.length === 0 ? 'There is none.' : unaligned(markdownTable(MISS_COLUMNS, misses));
  return `${head}\n${table}\n`;
}

/** The table without the spaces that align it, so that one long reason does not change every line. */
const unaligned = (table: string): string => table.replaceAll(/ {2,}/g, ' ').replaceAll(/-{4,}/g, '---');

/**
 * `text` with everything between the two marker lines replaced by `table`.
 * @throws Error unless each marker stands in it once, the first before the second.
 */
export function withValidation(text: string, table: string): string {
  const [head, ...afterBegin] = text.split(BEGIN);
  const [, ...afterEnd] = (afterBegin[0] ?? '').split(END);
  if (afterBegin.length !== 1 || afterEnd.length !== 1) {
    throw new Error(`the text needs ${BEGIN} and then ${END}, each once`);
  }
  return `${head}${BEGIN}\n\n${table}\n\n${END}${afterEnd[0]}`;
}

function systemCells(system: string, rows: readonly ClaimRow[]): Cell[] {
  const other = rows.filter(({ use }) => use !== 'validate' && use !== 'calibrate').length;
  return [system, ...sumCells(rows, 'validate'), ...sumCells(rows, 'calibrate'), other];
}

/** The middle of the systems, each counted once however many rows it has: how many have errors, and their medians. */
function middleCells(systems: readonly (readonly ClaimRow[])[]): Cell[] {
  const cells = (['validate', 'calibrate'] as const).flatMap((use): Cell[] => {
    const sums = systems.map((rows) => summariseClaims(rows, use)).filter((sum) => sum.median_abs_error !== null);
    const middle = (of: 'median_abs_error' | 'p90_abs_error' | 'max_abs_error'): string =>
      errorText(
        quantile(
          sums.map((sum) => sum[of]!),
          0.5,
        ),
      );
    return [`${sums.length} systems`, '', middle('median_abs_error'), middle('p90_abs_error'), middle('max_abs_error')];
  });
  return ['**median system**', ...cells, ''];
}

const errorText = (error: number | null): string => (error === null ? '–' : `${(error * 100).toFixed(1)}%`);

/** Rows of one use: how many, how many pass (of those that ran), and their errors. */
function sumCells(rows: readonly ClaimRow[], use: ClaimUse): Cell[] {
  const sum = summariseClaims(rows, use);
  const errors = [sum.median_abs_error, sum.p90_abs_error, sum.max_abs_error];
  const passed = sum.skipped === 0 ? sum.passed : `${sum.passed} of ${sum.count - sum.skipped}`;
  return [sum.count, passed, ...errors.map(errorText)];
}

/** Misses of one table of measurements beyond these are given as one line. */
const MOST_OF_A_GRID = 8;

function missCells({ study, rows }: TableRun): Cell[][] {
  const missed = rows.filter((row) => MEASURED.includes(row.use) && !row.skipped && !row.pass);
  const ofGrid = (row: ClaimRow): boolean =>
    row.case === row.id && missed.filter(sameTable(row)).length > MOST_OF_A_GRID;
  const tables = missed.filter((row, i) => ofGrid(row) && missed.findIndex(sameTable(row)) === i);
  return [
    ...missed.filter((row) => !ofGrid(row)).map((row) => missLine(study, row)),
    ...tables.map((row) => tableLine(study, row, missed.filter(sameTable(row)), rows.filter(sameTable(row)))),
  ];
}

/** Rows of the same table are cases and claims of one name, metric, use and source. */
const sameTable =
  (row: ClaimRow) =>
  (other: ClaimRow): boolean =>
    other.case === other.id && other.metric === row.metric && other.source === row.source && other.use === row.use;

function tableLine(
  study: TableRun['study'],
  row: ClaimRow,
  missed: readonly ClaimRow[],
  all: readonly ClaimRow[],
): Cell[] {
  const errors = missed.flatMap(({ error }) => (error === null ? [] : [error]));
  const [least, most] = [Math.min(...errors), Math.max(...errors)];
  return [
    `${missed.length} of ${all.length} rows`,
    study.name,
    row.metric,
    '–',
    '–',
    `${formatError(least)} … ${formatError(most)}`,
    row.use,
    noteOf(study.frame, row) ?? 'not explained',
  ];
}

function missLine(study: TableRun['study'], row: ClaimRow): Cell[] {
  return [
    `\`${row.id}\``,
    `${study.name}, ${row.case}`,
    row.metric,
    claimValue(row, row.published),
    claimValue(row, row.simulated) || '–',
    formatError(row.error),
    row.use,
    noteOf(study.frame, row) ?? 'not explained',
  ];
}

/** What the study says of a row: the note of its claim, else that of its case. */
function noteOf({ claims, cases }: Frame, row: ClaimRow): string | undefined {
  if (row.case === 'base') return claims?.find((claim) => claim.id === row.id)?.note;
  for (const entry of cases ?? []) {
    if ('from' in entry) {
      // The rows of a table are cases and claims of one name.
      const own = row.case === row.id && entry.claim.metric === row.metric && entry.claim.source === row.source;
      if (own && entry.claim.note !== undefined) return entry.claim.note;
    } else if (entry.id === row.case) {
      return entry.claims?.find((claim) => claim.id === row.id)?.note ?? entry.note;
    }
  }
  return undefined;
}
