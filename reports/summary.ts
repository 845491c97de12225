import type { Machine, StudyResult } from '../sim/types/index.ts';
import { type Paint, paint } from './ansi.ts';
import { formatShare, truncate, wrap } from './format.ts';
import { formatMetric } from './metrics.ts';
import { describePolicy, describeWorkload, idOf, readPath } from './resolved.ts';
import { resourceSections } from './resources.ts';
import { claimLines, memoryLines, resourceLines, timeLines, trafficLines } from './summaryParts.ts';

export interface SummaryOptions {
  /** Colour the text; false by default, so that the result is plain text. */
  readonly color?: boolean;
  /** Columns of the terminal; 80 by default, at least 60 and at most 120 are used. */
  readonly width?: number;
  /** The machine of the run: gives the memories their capacities. Without it the bars of memory show shares of the largest peak. */
  readonly machine?: Machine;
  /** Memory kinds and claims in full; false by default: the three largest kinds and the missed claims first. */
  readonly verbose?: boolean;
}

/** What every part of the summary works with. */
export interface SummaryContext {
  readonly result: StudyResult;
  readonly machine: Machine | undefined;
  readonly ink: Paint;
  readonly width: number;
  readonly verbose: boolean;
}

/** The metrics of the headline, a line each; those that the run has are shown. */
const HEADLINE: readonly (readonly string[])[] = [
  [
    'throughput.tokens_per_s',
    'throughput.requests_per_s',
    'throughput.samples_per_s',
    'throughput.queries_per_s',
    'throughput.ios_per_s',
    'throughput.io_bytes_per_s',
    'throughput.bytes_per_s',
    'time.step_s',
  ],
  ['time.total_s', 'time.prefill_s', 'time.decode_s'],
  [
    'latency.ttft_s.p50',
    'latency.ttft_s.p99',
    'latency.tpot_s.p50',
    'latency.tpot_s.p99',
    'latency.e2e_s.p99',
    'latency.request_s.mean',
    'latency.request_s.p99',
    'latency.row_hit_s.mean',
    'latency.row_closed_s.mean',
    'latency.row_conflict_s.mean',
    'compute.mfu',
  ],
];

const SHORT: Readonly<Record<string, string>> = {
  'time.step_s': 'a step',
  'time.total_s': 'in all',
  'time.prefill_s': 'prefill',
  'time.decode_s': 'decode',
  'latency.ttft_s.p50': 'TTFT p50',
  'latency.ttft_s.p99': 'TTFT p99',
  'latency.tpot_s.p50': 'TPOT p50',
  'latency.tpot_s.p99': 'TPOT p99',
  'latency.e2e_s.p99': 'end to end p99',
  'latency.request_s.mean': 'a request',
  'latency.request_s.p99': 'request p99',
  'latency.row_hit_s.mean': 'row open',
  'latency.row_closed_s.mean': 'row closed',
  'latency.row_conflict_s.mean': 'other row open',
  'compute.mfu': 'MFU',
};

/** The parts of a summary, in the order in which they stand. */
const SECTIONS = {
  title: titleLines,
  head: headLines,
  time: timeLines,
  memory: memoryLines,
  traffic: trafficLines,
  resources: resourceLines,
  costs: costLines,
  warnings: warningLines,
  claims: claimLines,
} as const;

/**
 * The run as a person reads it in a terminal: what ran, how fast, where the time went, what held the memories, what
 * crossed the links, what binds and how far the bound is, energy and money, warnings, claims. Only what the run
 * measured is there. Ends with a newline.
 */
export function runSummary(result: StudyResult, options: SummaryOptions = {}): string {
  return runSections(result, Object.keys(SECTIONS) as (keyof typeof SECTIONS)[], options);
}

/** Some parts of the summary, an empty line between them. Ends with a newline. */
export function runSections(
  result: StudyResult,
  parts: readonly (keyof typeof SECTIONS)[],
  options: SummaryOptions = {},
): string {
  const context: SummaryContext = {
    result,
    machine: options.machine,
    ink: paint(options.color ?? false),
    width: Math.min(120, Math.max(60, options.width ?? 80)),
    verbose: options.verbose ?? false,
  };
  return `${parts
    .map((part) => SECTIONS[part](context))
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Lines of the head that a part of the study may take. */
const HEAD_LINES = 2;

/** The text in lines, the last one cut unless everything is asked for. */
function headText(text: string, width: number, verbose: boolean): string[] {
  const lines = wrap(text, width).filter(Boolean);
  if (verbose || lines.length <= HEAD_LINES) return lines;
  return [...lines.slice(0, HEAD_LINES - 1), truncate(lines.slice(HEAD_LINES - 1).join(' '), width)];
}

function titleLines({ result, machine, ink, width, verbose }: SummaryContext): string[] {
  const { resolved } = result;
  const title = readPath(resolved, 'title');
  const head = [result.study, ...(result.case === 'base' ? [] : [result.case])].join(' · ');
  const machineId = idOf(readPath(resolved, 'machine')) ?? machine?.id;
  const machineText =
    machineId && machine && machine.title !== machineId ? `${machineId} (${machine.title})` : machineId;
  const rows: [string, string | undefined][] = [
    ['machine', machineText],
    ['workload', describeWorkload(readPath(resolved, 'workload'))],
    ['policy', describePolicy(readPath(resolved, 'policy'))],
  ];
  return [
    `${ink.bold(head)}${typeof title === 'string' ? `  ${truncate(title, width - head.length - 2)}` : ''}`,
    ...rows.flatMap(([name, text]) =>
      headText(text ?? '', width - 10, verbose).map((line, i) => `${ink.dim((i === 0 ? name : '').padEnd(9))} ${line}`),
    ),
  ];
}

function headLines({ result, ink }: SummaryContext): string[] {
  return HEADLINE.flatMap((names, line) => {
    const parts = names.flatMap((name) => {
      const value = result.metrics[name];
      if (value === undefined) return [];
      const text = formatMetric(name, value);
      const label = SHORT[name];
      return [`${line === 0 ? ink.bold(ink.cyan(text)) : ink.bold(text)}${label ? ` ${ink.dim(label)}` : ''}`];
    });
    return parts.length > 0 ? [parts.join('   ')] : [];
  });
}

/** The five kinds of resource, and scores that papers measured. */
function costLines({ result, ink, width }: SummaryContext): string[] {
  const sections = resourceSections(result.metrics);
  const lines = sections.flatMap(({ kind, parts }) =>
    wrap(parts.join(' · '), width - 10).map((line, i) => `  ${(i === 0 ? kind : '').padEnd(8)}${line}`),
  );
  const scores = Object.entries(result.metrics)
    .filter(([name]) => name.startsWith('quality.'))
    .map(([name, value]) => `${name.slice('quality.'.length)} ${formatMetric(name, value)}`);
  return [
    ...(lines.length > 0 ? [ink.bold('Costs'), ...lines] : []),
    ...(scores.length > 0 ? [`${ink.bold('Quality'.padEnd(10))}${scores.join(' · ')}`] : []),
  ];
}

function warningLines({ result, ink }: SummaryContext): string[] {
  return result.warnings.map((warning) => `${ink.yellow('warning')} ${warning}`);
}

/** One line on a run, for lists: `flexgen/opt-30b-t4  7.32 token/s  629 s  gap 2.1 ×`. */
export function runLine(result: StudyResult): string {
  const { metrics } = result;
  const names = [...(HEADLINE[0] ?? []).filter((name) => metrics[name] !== undefined).slice(0, 1), 'time.total_s'];
  const busiest = Object.entries(metrics)
    .filter(([name]) => /^busy\..*\.fraction$/.test(name))
    .sort(([, a], [, b]) => b - a)[0];
  const parts = names.flatMap((name) => (metrics[name] === undefined ? [] : [formatMetric(name, metrics[name])]));
  if (busiest) parts.push(`${busiest[0].split('.')[2]} ${formatShare(busiest[1])} busy`);
  return [result.case === 'base' ? result.study : `${result.study} · ${result.case}`, ...parts].join('  ');
}
