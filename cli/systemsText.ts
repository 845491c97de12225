import { paint, wantsColor } from '../reports/ansi.ts';
import { padEnd, truncate, wrap } from '../reports/format.ts';
import { textTable } from '../reports/table.ts';
import { type System, type SystemStatus, statusTally } from '../studies/systems.ts';
import type { Terminal } from './terminal.ts';

/** A system with what is known of it. */
export interface ListedSystem {
  readonly system: System;
  readonly status: SystemStatus;
  readonly studies: readonly string[];
}

/** Less room than this says nothing of a paper. */
const LEAST_PAPER = 20;

type Print = Pick<Terminal, 'width' | 'env' | 'printsToScreen'>;

/** A line a system that fits the terminal, its paper where there is room, and how many have which status. */
export function systemsText(listed: readonly ListedSystem[], terminal: Print): string {
  const rows = listed.map(({ system, status }) => [
    String(system.n),
    system.id,
    system.kind,
    status.status,
    status.claims === 0 ? '' : `${status.passed} of ${status.claims}`,
  ]);
  const columns = [
    { head: '#', align: 'right' as const },
    { head: 'id' },
    { head: 'kind' },
    { head: 'status' },
    { head: 'claims', align: 'right' as const },
  ];
  const table = textTable(columns, rows).split('\n');
  const used = Math.max(...table.map((line) => line.length));
  const room = terminal.width - used - 2;
  const ink = paint(wantsColor(terminal.env, terminal.printsToScreen));
  const wide =
    room < LEAST_PAPER
      ? table
      : table.map((line, i) => {
          const paper = i === 0 ? 'paper' : truncate(listed[i - 1]!.system.paper, room);
          return `${padEnd(line, used)}  ${ink.dim(paper)}`;
        });
  const colored = wide.map((line, i) => (i === 0 ? ink.bold(line) : inStatus(line, listed[i - 1]!.status.status, ink)));
  const tally = statusTally(listed.map(({ status }) => status));
  return `${colored.join('\n')}\n\n${wrap(tally, Math.min(terminal.width, 120)).join('\n')}\n${ink.dim('`tierflow show ID` has one of them in full.')}\n`;
}

function inStatus(line: string, status: string, ink: ReturnType<typeof paint>): string {
  const color = /^(reproduced|within)/.test(status) ? ink.green : status.startsWith('off') ? ink.red : ink.yellow;
  return line.replace(`  ${status}`, `  ${color(status)}`);
}

/** One system: its paper, what is modelled, the figures of the paper, its studies. */
export function systemText({ system, status, studies }: ListedSystem, terminal: Print): string {
  const ink = paint(wantsColor(terminal.env, terminal.printsToScreen));
  const width = Math.min(120, Math.max(60, terminal.width)) - 10;
  const claims = status.claims === 0 ? '' : `: ${status.passed} of ${status.claims} checked claims pass`;
  const fields: [string, string | undefined][] = [
    ['paper', system.paper],
    ['kind', system.kind],
    ['modelled', system.models],
    ['preset', system.preset],
    ['claims', system.figures.length === 0 ? 'none of memory, time, energy or money' : system.figures.join('; ')],
    ['status', `${status.status}${claims}`],
    ['studies', studies.length === 0 ? 'none' : studies.join(', ')],
  ];
  const lines = fields.flatMap(([name, value]) =>
    value === undefined
      ? []
      : wrap(value, width).map((line, i) => `${ink.dim((i === 0 ? name : '').padEnd(9))} ${line}`),
  );
  const next = studies.length === 0 ? [] : ['', ink.dim(`tierflow validate ${studies.join(' ')}`)];
  return `${[ink.bold(`${system.n}  ${system.id}`), ...lines, ...next].join('\n')}\n`;
}
