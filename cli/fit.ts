import { formatQuantity } from '../input/formatQuantity.ts';
import { wantsColor } from '../reports/ansi.ts';
import { stableJson } from '../reports/json.ts';
import { formatMetric } from '../reports/metrics.ts';
import { DoesNotFitError } from '../sim/errors.ts';
import type { Machine, Metrics } from '../sim/types/index.ts';
import { asFlags, type FittingChange, findFits } from '../studies/fit.ts';
import { type ResolvedCase, resolveCase } from '../studies/resolve.ts';
import { makeRunner, type RunCase } from '../studies/run.ts';
import { EXIT, type ExitCode, InfeasibleError } from './exit.ts';
import { acrossText, fitAcross } from './fitAcross.ts';
import { fitText } from './fitText.ts';
import type { CaseOptions } from './options.ts';
import { resolveSelected, type Selection, selectStudy } from './selection.ts';
import type { Terminal } from './terminal.ts';

export interface FitOptions extends CaseOptions {
  /** Machines, separated by commas. */
  readonly across?: string;
  readonly json?: boolean;
}

/** What `fit --json` prints. */
export interface FitDocument {
  readonly schema: 'tierflow/fit/1';
  readonly study: string;
  readonly case: string;
  readonly fits: boolean;
  /** Every memory that is used; empty when the work does not fit. */
  readonly memories: readonly MemoryUse[];
  /** What did not fit; null when all does. */
  readonly misfit: Misfit | null;
  /** Changes after which it fits, nearest first; empty when it fits as it is or nothing that was tried does. */
  readonly changes: readonly FittingChange[];
}

export interface MemoryUse {
  readonly id: string;
  readonly capacity_bytes: number;
  readonly peak_bytes: number;
  readonly kinds: Readonly<Record<string, number>>;
}

export interface Misfit {
  readonly memory: string;
  readonly capacity_bytes: number;
  readonly needed_bytes: number;
  readonly short_bytes: number;
  readonly at_s: number;
  readonly holders: readonly { readonly what: string; readonly bytes: number }[];
}

/** Says whether the work fits, what holds the space, and what to change when it does not. */
export async function fit(terminal: Terminal, ref: string | undefined, options: FitOptions): Promise<ExitCode> {
  if (options.across !== undefined) return across(terminal, ref, options.across, options);
  const selection = selectStudy(ref, options);
  const resolved = resolveSelected(selection, options.case);
  const runCase = makeRunner(selection.files);
  const outcome = await runCase(resolved);
  if (outcome.status === 'cannot_proceed') throw outcome.error;
  const misfit = outcome.status === 'ran' ? null : misfitOf(outcome.error);
  const document: FitDocument = {
    schema: 'tierflow/fit/1',
    study: resolved.study,
    case: resolved.case,
    fits: misfit === null,
    memories: outcome.status === 'ran' ? memoriesOf(resolved.machine, outcome.metrics) : [],
    misfit,
    changes: misfit === null ? [] : await changesFor(selection, resolved, runCase),
  };
  if (options.json) terminal.print(stableJson(document));
  else terminal.print(fitText(document, wantsColor(terminal.env, terminal.printsToScreen)));
  return document.fits ? EXIT.ok : EXIT.infeasible;
}

/** The verdict of each of several machines; infeasible where none has room. */
async function across(
  terminal: Terminal,
  ref: string | undefined,
  names: string,
  options: FitOptions,
): Promise<ExitCode> {
  const machines = names.split(',').map((name) => name.trim());
  // Each of the machines takes the place of the one that a study or --machine names; flags alone need name none.
  const selection = selectStudy(ref, ref === undefined ? { machine: machines[0]!, ...options } : options);
  const verdicts = await fitAcross(selection, machines, options.case);
  if (options.json)
    terminal.print(stableJson({ schema: 'tierflow/fit-across/1', study: selection.study.name, verdicts }));
  else terminal.print(acrossText(verdicts));
  return verdicts.some(({ verdict }) => verdict === 'fits' || verdict === 'marginal') ? EXIT.ok : EXIT.infeasible;
}

/** The error of a run that could not be done, with what held the space and what would fit. */
export async function explainMisfit(
  selection: Selection,
  resolved: ResolvedCase,
  error: Error,
  runCase: RunCase,
): Promise<Error> {
  if (!(error instanceof DoesNotFitError)) return error;
  const holders = error.holders.map(({ what, bytes }) => `  ${what}: ${formatQuantity(bytes, 'bytes')}`);
  const held = holders.length > 0 ? [`what ${error.memory} is to hold`, ...holders] : [];
  const changes = (await changesFor(selection, resolved, runCase)).map(changeLine);
  const advice = changes.length > 0 ? ['it fits with', ...changes] : ['nothing that was tried makes it fit'];
  return new InfeasibleError([error.message, ...held, ...advice].join('\n'));
}

const changeLine = ({ what, set, metrics }: FittingChange): string => {
  const rate = metrics['throughput.tokens_per_s'];
  const speed = rate === undefined ? '' : ` (${formatMetric('throughput.tokens_per_s', rate)})`;
  return `  ${what}${speed}: ${asFlags(set)}`;
};

function changesFor(selection: Selection, resolved: ResolvedCase, runCase: RunCase): Promise<FittingChange[]> {
  const { study, files, sets, seed } = selection;
  return findFits(resolved.parts, async (changes) => {
    const options = { catalogue: files.catalogue, sets: [...sets, ...changes], seed: seed ?? resolved.seed };
    return runCase(resolveCase(study, resolved.case, options));
  });
}

function misfitOf(error: Error): Misfit {
  if (!(error instanceof DoesNotFitError)) throw error;
  const { memory, capacity_bytes, needed_bytes, short_bytes, at_s, holders } = error;
  return { memory, capacity_bytes, needed_bytes, short_bytes, at_s, holders };
}

/** Peaks by memory and kind. Capacities are net of what the system holds. */
function memoriesOf(machine: Machine, metrics: Metrics): MemoryUse[] {
  return machine.memories.flatMap(({ id, capacity_bytes, reserved_bytes }) => {
    const peak = metrics[`memory.${id}.peak_bytes`];
    if (peak === undefined || peak === 0) return [];
    const kind = new RegExp(`^memory\\.${id}\\.([a-z]+)\\.peak_bytes$`);
    const kinds = Object.entries(metrics).flatMap(([name, value]) => {
      const match = kind.exec(name);
      return match?.[1] !== undefined && value > 0 ? [[match[1], value] as const] : [];
    });
    kinds.sort(([, a], [, b]) => b - a);
    return [
      { id, capacity_bytes: capacity_bytes - reserved_bytes, peak_bytes: peak, kinds: Object.fromEntries(kinds) },
    ];
  });
}
