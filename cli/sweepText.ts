import { formatMetric } from '../reports/metrics.ts';
import { textTable } from '../reports/table.ts';
import type { SweepDocument } from '../studies/sweep.ts';

/** Metrics a table of points shows, those that the points have. */
const SHOWN = [
  'throughput.tokens_per_s',
  'throughput.samples_per_s',
  'throughput.requests_per_s',
  'time.total_s',
  'memory.gpu.peak_bytes',
  'memory.cpu.peak_bytes',
  'memory.sram.peak_bytes',
  'energy.total_j',
  'cost.usd',
];

/** Different reasons that are printed; the JSON has them all. */
const REASONS_SHOWN = 5;

/** The points as a table for people, and why some of them have no numbers. Ends with a newline. */
export function sweepText(document: SweepDocument): string {
  const metrics = SHOWN.filter((name) => document.points.some((point) => point.metrics[name] !== undefined));
  const columns = [
    ...document.vary.map(({ path }) => ({ head: path })),
    ...metrics.map((head) => ({ head, align: 'right' as const })),
    { head: 'status' },
  ];
  const rows = document.points.map(({ set, metrics: values, status }) => [
    ...document.vary.map(({ path }) => {
      const value = set[path];
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
    }),
    ...metrics.map((name) => (values[name] === undefined ? '' : formatMetric(name, values[name]))),
    status === 'ran' ? '' : status.replaceAll('_', ' '),
  ]);
  const reasons = new Set(
    document.points.flatMap(({ status, message }) => {
      return message === undefined ? [] : [`${status.replaceAll('_', ' ')}: ${message}`];
    }),
  );
  return `${[textTable(columns, rows), ...[...reasons].slice(0, REASONS_SHOWN)].join('\n')}\n`;
}
