import type { ClaimRow, Metrics, Phase } from '../sim/types/index.ts';
import { bar } from './ansi.ts';
import { claimValue, verdict } from './claims.ts';
import { formatError, formatMovedBytes, formatQuantity, formatShare, padEnd, padStart, textWidth } from './format.ts';
import { words } from './metrics.ts';
import type { SummaryContext } from './summary.ts';

const PHASES: readonly Phase[] = ['prefill', 'decode', 'forward', 'backward', 'optimizer'];

const BAR_WIDTH = 24;

/** A filled bar on a dotted track of `BAR_WIDTH` cells. */
function track(fraction: number, color: (text: string) => string, dim: (text: string) => string): string {
  const filled = bar(fraction, BAR_WIDTH);
  return color(filled) + dim('·'.repeat(BAR_WIDTH - textWidth(filled)));
}

/** Entries whose names match, with the groups of the match. */
function pick(metrics: Metrics, pattern: RegExp): { readonly groups: readonly string[]; readonly value: number }[] {
  return Object.entries(metrics).flatMap(([name, value]) => {
    const match = pattern.exec(name);
    return match ? [{ groups: match.slice(1), value }] : [];
  });
}

/** Per phase, how long each stream was busy and its share of the phase. */
export function timeLines({ result, ink }: SummaryContext): string[] {
  const lines = PHASES.flatMap((phase) => {
    const streams = pick(result.metrics, new RegExp(`^time\\.${phase}\\.(\\w+)_s$`))
      .filter(({ value }) => value > 0)
      .sort((a, b) => b.value - a.value);
    if (streams.length === 0) return [];
    const elapsed = result.metrics[`time.${phase}_s`];
    const whole = elapsed ?? Math.max(...streams.map(({ value }) => value));
    const head = elapsed === undefined ? phase : `${phase}  ${formatQuantity(elapsed, 's')}`;
    return [
      `  ${ink.bold(head)}`,
      ...streams.map(({ groups, value }, index) => {
        const share = value / whole;
        const color = index === 0 ? ink.cyan : ink.blue;
        const amount = `${padStart(formatQuantity(value, 's'), 9)}  ${elapsed === undefined ? '' : padStart(formatShare(share), 4)}`;
        return `    ${padEnd(words(groups[0]!), 17)}${track(share, color, ink.dim)} ${amount}`.trimEnd();
      }),
    ];
  });
  if (lines.length === 0) return [];
  return [`${ink.bold('Where the time went')} ${ink.dim('(streams overlap; share of the phase)')}`, ...lines];
}

/** As many of the parts as a line of this width holds, then how many are left. */
function fitting(parts: readonly string[], width: number): string[] {
  for (let count = parts.length; count > 0; count--) {
    const shown = count === parts.length ? parts : [...parts.slice(0, count), `${parts.length - count} more`];
    if (textWidth(shown.join(' · ')) <= width) return [...shown];
  }
  return [];
}

/** Per memory, its peak against its capacity and what held it. */
export function memoryLines({ result, machine, ink, width, verbose }: SummaryContext): string[] {
  const peaks = pick(result.metrics, /^memory\.([^.]+)\.peak_bytes$/).filter(({ value }) => value > 0);
  if (peaks.length === 0) return [];
  const largest = Math.max(...peaks.map(({ value }) => value));
  const names = Math.max(6, ...peaks.map(({ groups }) => groups[0]!.length));
  const lines = peaks.flatMap(({ groups, value }) => {
    const id = groups[0]!;
    const memory = machine?.memories.find((m) => m.id === id || m.id === `${id}0`);
    const capacity = memory && memory.capacity_bytes - memory.reserved_bytes;
    const share = value / (capacity ?? largest);
    const color = capacity === undefined ? ink.blue : share > 1 ? ink.red : share > 0.9 ? ink.yellow : ink.green;
    const of =
      capacity === undefined
        ? ''
        : ` of ${padEnd(formatQuantity(capacity, 'bytes'), 9)} ${padStart(formatShare(share), 4)}`;
    const kinds = pick(result.metrics, new RegExp(`^memory\\.${id}\\.(\\w+)\\.peak_bytes$`))
      .filter((kind) => kind.value > 0)
      .sort((a, b) => b.value - a.value);
    const parts = kinds.map((kind) => `${words(kind.groups[0]!)} ${formatQuantity(kind.value, 'bytes')}`);
    const text = verbose ? parts : fitting(parts, width - names - 4);
    const indent = ' '.repeat(names + 4);
    return [
      `  ${padEnd(id, names)}  ${track(share, color, ink.dim)} ${padStart(formatQuantity(value, 'bytes'), 9)}${of}`,
      ...(text.length > 0 ? [ink.dim(indent + text.join(' · '))] : []),
    ];
  });
  return [`${ink.bold('Peak memory')}${machine ? '' : ink.dim(' (bars: share of the largest)')}`, ...lines];
}

/** Per link, the bytes that crossed it each way and the mean rate over the run. */
export function trafficLines({ result, ink }: SummaryContext): string[] {
  const flows = pick(result.metrics, /^traffic\.([^.]+)\.(\w+)_bytes$/).filter(({ value }) => value > 0);
  if (flows.length === 0) return [];
  const elapsed = result.metrics['time.total_s'];
  const links = new Map<string, string[]>();
  for (const { groups, value } of flows) {
    const [link, direction] = groups as [string, string];
    const rate = elapsed ? ` (${formatQuantity(value / elapsed, 'bytes_per_s')})` : '';
    links.set(link, [...(links.get(link) ?? []), `${direction} ${formatMovedBytes(value)}${ink.dim(rate)}`]);
  }
  const names = Math.max(6, ...[...links.keys()].map((name) => name.length));
  const note = elapsed ? ink.dim(' (mean rate over the run)') : '';
  return [
    `${ink.bold('Traffic')}${note}`,
    ...[...links].map(([link, parts]) => `  ${padEnd(link, names)}  ${parts.join('   ')}`),
  ];
}

/** The busiest resources, and how far the run is from its bound. */
export function resourceLines({ result, ink }: SummaryContext): string[] {
  const busy = pick(result.metrics, /^busy\.(memory|link|compute|copy)\.([^.]+)\.fraction$/)
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value);
  const describe = ({ groups, value }: (typeof busy)[number]): string =>
    `${groups[1]} ${groups[0]} ${formatShare(value)} busy`;
  const lines: string[] = [];
  const [first, ...others] = busy;
  if (first) {
    const rest = others.slice(0, 3).map(describe).join(', ');
    lines.push(`${ink.bold('Binds'.padEnd(10))}${ink.bold(describe(first))}${rest ? ink.dim(`; then ${rest}`) : ''}`);
  }
  const bound = result.metrics['bound.time_s'];
  const gap = result.metrics['bound.gap'];
  if (bound !== undefined) {
    const times = gap === undefined ? '' : `; this run takes ${ink.bold(`${Number(gap.toPrecision(3))} ×`)} as long`;
    lines.push(`${ink.bold('Bound'.padEnd(10))}${formatQuantity(bound, 's')} at the machine’s peaks${times}`);
  }
  return lines;
}

const MARKS = { pass: '✓', miss: '✗', skip: '–' } as const;

/** Published against simulated; misses first. */
export function claimLines({ result, ink, verbose }: SummaryContext): string[] {
  const rows = result.claims;
  if (rows.length === 0) return [];
  const passed = rows.filter((row) => verdict(row) === 'pass').length;
  const missed = rows.filter((row) => verdict(row) === 'miss').length;
  const ordered = [...rows].sort((a, b) => Number(verdict(b) === 'miss') - Number(verdict(a) === 'miss'));
  const shown = verbose ? ordered : ordered.slice(0, 8);
  const ids = Math.max(...shown.map((row) => row.id.length));
  const line = (row: ClaimRow): string => {
    const outcome = verdict(row);
    const color = outcome === 'pass' ? ink.green : outcome === 'miss' ? ink.red : ink.dim;
    const simulated = claimValue(row, row.simulated) || 'none';
    const values = `${claimValue(row, row.published) || 'none'} published, ${simulated} simulated`;
    const error = row.error === null ? '' : `  ${color(formatError(row.error))}`;
    return `  ${color(MARKS[outcome])} ${padEnd(row.id, ids)}  ${values}${error}  ${ink.dim(`(${row.use})`)}`;
  };
  const counts = `${passed} pass${missed > 0 ? `, ${missed} miss` : ''} of ${rows.length}`;
  const rest = shown.length < rows.length ? [ink.dim(`    … and ${rows.length - shown.length} more`)] : [];
  return [`${ink.bold('Claims')}  ${counts}`, ...shown.map(line), ...rest];
}
