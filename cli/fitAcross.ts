import { formatQuantity } from '../input/formatQuantity.ts';
import { InputError } from '../input/index.ts';
import { formatMetric } from '../reports/metrics.ts';
import { textTable } from '../reports/table.ts';
import { DoesNotFitError } from '../sim/errors.ts';
import type { Machine } from '../sim/types/index.ts';
import type { Outcome } from '../studies/outcome.ts';
import { makeRunner } from '../studies/run.ts';
import { resolveSelected, type Selection } from './selection.ts';

/** What one machine makes of the work. */
export interface Verdict {
  readonly machine: string;
  readonly verdict: 'fits' | 'marginal' | 'does not fit' | 'cannot proceed';
  /** Of the machine's fast memory. */
  readonly capacity_bytes: number;
  /** What the work takes of it, or would. */
  readonly needed_bytes: number | null;
  readonly time_s: number | null;
  /** Why it cannot be done there. */
  readonly reason: string | null;
}

/** Nearer to the capacity than this share, rounding and what else the driver holds decide. */
const MARGIN = 0.05;

/** The same case on each of several machines, in the order they were named. */
export async function fitAcross(
  selection: Selection,
  machines: readonly string[],
  caseId: string | undefined,
): Promise<Verdict[]> {
  const runCase = makeRunner(selection.files);
  const verdicts: Verdict[] = [];
  for (const machine of machines) {
    const set = { path: ['machine'], value: machine, from: '--across' };
    const resolved = resolveSelected({ ...selection, sets: [...selection.sets, set] }, caseId);
    try {
      verdicts.push(verdictOf(machine, resolved.machine, await runCase(resolved)));
    } catch (error) {
      // A machine may lack a part that the policy asks for; the others are still worth asking.
      if (!(error instanceof InputError)) throw error;
      verdicts.push({ ...nothingOf(machine, resolved.machine), reason: error.message });
    }
  }
  return verdicts;
}

function nothingOf(machine: string, { memories, roles }: Machine): Verdict {
  const fast = memories.find(({ id }) => id === roles.fast);
  const capacity_bytes = fast === undefined ? 0 : fast.capacity_bytes - fast.reserved_bytes;
  return { machine, verdict: 'cannot proceed', capacity_bytes, needed_bytes: null, time_s: null, reason: null };
}

function verdictOf(id: string, machine: Machine, outcome: Outcome): Verdict {
  const nothing = nothingOf(id, machine);
  if (outcome.status !== 'ran') {
    const { error } = outcome;
    if (!(error instanceof DoesNotFitError)) return { ...nothing, reason: error.message };
    const fast = error.memory === machine.roles.fast;
    return {
      ...nothing,
      verdict: 'does not fit',
      needed_bytes: fast ? error.needed_bytes : null,
      reason: error.message,
    };
  }
  const { metrics } = outcome;
  const peak = `memory.${machine.roles.fast ?? 'gpu'}`;
  const needed = metrics[`${peak}.reserved_peak_bytes`] ?? metrics[`${peak}.peak_bytes`] ?? 0;
  // A requirement is counted and not limited.
  const over = needed > nothing.capacity_bytes;
  const near = needed > (1 - MARGIN) * nothing.capacity_bytes;
  return {
    ...nothing,
    verdict: over ? 'does not fit' : near ? 'marginal' : 'fits',
    needed_bytes: needed,
    time_s: metrics['time.step_s'] ?? metrics['time.total_s'] ?? null,
  };
}

/** The verdicts as a table. */
export function acrossText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ machine, verdict, capacity_bytes, needed_bytes, time_s, reason }) => [
    machine,
    verdict,
    needed_bytes === null ? '–' : formatQuantity(needed_bytes, 'bytes'),
    formatQuantity(capacity_bytes, 'bytes'),
    needed_bytes === null ? '–' : `${((1 - needed_bytes / capacity_bytes) * 100).toFixed(0)} %`,
    time_s === null ? '–' : formatMetric('time.step_s', time_s),
    verdict === 'cannot proceed' ? (reason ?? '') : '',
  ]);
  const right = (head: string) => ({ head, align: 'right' as const });
  const columns = [
    { head: 'machine' },
    { head: 'verdict' },
    right('needs'),
    right('has'),
    right('spare'),
    right('time'),
  ];
  return `${textTable([...columns, { head: '' }], rows)}\n`;
}
