import * as v from 'valibot';
import { validate, type YamlSource } from '../input/index.ts';
import { type Cell, markdownTable } from '../reports/table.ts';
import type { ClaimRow, ClaimUse } from '../sim/types/index.ts';

/**
 * A row for every system of the mission: what is modelled, and how near its studies come to its claims.
 * @module
 */

const text = v.pipe(v.string(), v.minLength(1));

const systemSchema = v.strictObject({
  id: text,
  n: v.pipe(v.number(), v.integer(), v.minValue(1)),
  paper: text,
  kind: text,
  models: text,
  preset: v.exactOptional(text),
  /** Studies beside those of the folder with the same name. */
  studies: v.optional(v.array(text), []),
  figures: v.optional(v.array(text), []),
});
export type System = v.InferOutput<typeof systemSchema>;

/** The registry. @throws InputError for a bad file. */
export function parseSystems(source: YamlSource): readonly System[] {
  return validate(v.strictObject({ systems: v.array(systemSchema) }), source).systems;
}

/** A study belongs to the system of its folder, and to those that name it. */
export function studiesOf(system: System, studies: readonly string[]): string[] {
  return studies.filter((study) => study.startsWith(`${system.id}/`) || system.studies.includes(study));
}

export interface SystemStatus {
  readonly status: string;
  /** Checked claims, and those of them that pass. */
  readonly claims: number;
  readonly passed: number;
}

/** Every checked claim this near to the published figure makes a system reproduced. */
const REPRODUCED = 0.01;

/**
 * A claim is checked when it is a figure of the system's paper or artifact whose inputs are published: a measurement
 * (`validate`), or what the authors' own model printed (`reference`). Fitted rows, other tools' predictions and figures
 * whose inputs are missing are not.
 */
const checkedUses: readonly ClaimUse[] = ['validate', 'reference'];

/**
 * `reproduced` (every checked claim within 1 %), `within tolerance` (every one inside it), `off (…)` with the largest
 * error, `identity` (all restate parameters), `no claim` (the paper has no figure of memory, time, energy or money) or
 * `mechanism only` (it has, and its inputs are not published or nothing checks it yet).
 */
export function statusOf(system: System, rows: readonly ClaimRow[]): SystemStatus {
  const checked = rows.filter((row) => checkedUses.includes(row.use) && !row.skipped);
  const counts = { claims: checked.length, passed: checked.filter(({ pass }) => pass).length };
  if (checked.length === 0) {
    const bare = system.figures.length === 0 ? 'no claim' : 'mechanism only';
    return { status: rows.some(({ use }) => use === 'identity') ? 'identity' : bare, ...counts };
  }
  if (counts.passed < counts.claims) {
    const errors = checked.filter(({ pass }) => !pass).map(({ error }) => error);
    const known = errors.filter((error) => error !== null).map(Math.abs);
    const worst = known.length === 0 ? 'a verdict' : `by ${(100 * Math.max(...known)).toFixed(0)} %`;
    return { status: `off (${worst})`, ...counts };
  }
  const near = checked.every(({ error }) => error === null || Math.abs(error) <= REPRODUCED);
  return { status: near ? 'reproduced' : 'within tolerance', ...counts };
}

/** The statuses of all systems by id, from the judged rows of every study. */
export function systemStatuses(
  systems: readonly System[],
  rows: readonly ClaimRow[],
): Readonly<Record<string, SystemStatus>> {
  const studies = [...new Set(rows.map(({ study }) => study))];
  const of = (system: System): SystemStatus => {
    const own = studiesOf(system, studies);
    return statusOf(
      system,
      rows.filter(({ study }) => own.includes(study)),
    );
  };
  return Object.fromEntries(systems.map((system) => [system.id, of(system)]));
}

/** The page of all systems. No final newline. */
export function systemsMarkdown(systems: readonly System[], statuses: Readonly<Record<string, SystemStatus>>): string {
  const columns = [
    { head: '#', align: 'right' as const },
    { head: 'system' },
    { head: 'kind' },
    { head: 'modelled' },
    { head: 'preset' },
    { head: 'its figures' },
    { head: 'status' },
    { head: 'claims', align: 'right' as const },
  ];
  const lines = systems.map((system): Cell[] => {
    const { status, claims, passed } = statuses[system.id]!;
    const count = claims === 0 ? '' : `${passed} of ${claims}`;
    const preset = system.preset === undefined ? '' : `\`${system.preset}\``;
    const figures = system.figures.join('; ');
    return [String(system.n), system.paper, system.kind, system.models, preset, figures, status, count];
  });
  const table = markdownTable(columns, lines).replaceAll(/ {2,}/g, ' ').replaceAll(/-{4,}/g, '---');
  return `${table}\n\n${statusTally(Object.values(statuses))}`;
}

/** How many systems have which status, the best first. */
export function statusTally(statuses: readonly SystemStatus[]): string {
  const kinds = ['reproduced', 'within tolerance', 'off', 'identity', 'no claim', 'mechanism only'];
  const count = (kind: string): number => statuses.filter(({ status }) => status.replace(/ \(.*/, '') === kind).length;
  const parts = kinds.flatMap((kind) => (count(kind) === 0 ? [] : [`${count(kind)} ${kind}`]));
  return `${statuses.length} systems: ${parts.join(', ')}.`;
}
