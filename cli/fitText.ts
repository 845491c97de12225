import { formatQuantity } from '../input/formatQuantity.ts';
import { bar, paint } from '../reports/ansi.ts';
import { formatMetric } from '../reports/metrics.ts';
import { textTable } from '../reports/table.ts';
import { asFlags } from '../studies/fit.ts';
import type { FitDocument } from './fit.ts';

const BAR_CELLS = 24;
const bytes = (value: number): string => formatQuantity(value, 'bytes');

/** The memory breakdown for a terminal. Ends with a newline. */
export function fitText(document: FitDocument, color: boolean): string {
  const ink = paint(color);
  const name = document.case === 'base' ? document.study : `${document.study} · ${document.case}`;
  const verdict = document.fits ? ink.green('fits') : ink.red('does not fit');
  const parts = [`${ink.bold(name)}  ${verdict}`];
  if (document.memories.length > 0) parts.push(memoryTable(document));
  if (document.misfit) parts.push(misfitText(document.misfit));
  if (document.changes.length > 0) parts.push(`It fits with\n${changeTable(document)}`);
  else if (!document.fits) parts.push('Nothing that was tried makes it fit.');
  return `${parts.join('\n\n')}\n`;
}

function memoryTable({ memories }: FitDocument): string {
  const rows = memories.flatMap(({ id, capacity_bytes, peak_bytes, kinds }) => {
    const share = peak_bytes / capacity_bytes;
    const whole = [
      id,
      bar(share, BAR_CELLS),
      bytes(peak_bytes),
      'of',
      bytes(capacity_bytes),
      `${Math.round(share * 100)}%`,
    ];
    const held = Object.entries(kinds).map(([kind, size]) => [
      `  ${kind}`,
      bar(size / capacity_bytes, BAR_CELLS),
      bytes(size),
    ]);
    return [whole, ...held];
  });
  const right = { head: '', align: 'right' } as const;
  return textTable([{ head: '' }, { head: '' }, right, { head: '' }, right, right], rows);
}

function misfitText({
  memory,
  capacity_bytes,
  needed_bytes,
  short_bytes,
  at_s,
  holders,
}: NonNullable<FitDocument['misfit']>): string {
  const when = at_s > 0 ? ` at ${formatQuantity(at_s, 's')}` : '';
  const head = `${memory} holds ${bytes(capacity_bytes)} and ${bytes(needed_bytes)} are needed${when}: ${bytes(short_bytes)} are missing.`;
  const rows = holders.map(({ what, bytes: size }) => [`  ${what}`, bytes(size)]);
  return rows.length === 0 ? head : `${head}\n${textTable([{ head: '' }, { head: '', align: 'right' }], rows)}`;
}

function changeTable({ changes }: FitDocument): string {
  const rows = changes.map(({ what, set, metrics }) => {
    const rate = metrics['throughput.tokens_per_s'];
    return [`  ${what}`, rate === undefined ? '' : formatMetric('throughput.tokens_per_s', rate), asFlags(set)];
  });
  return textTable([{ head: '' }, { head: '', align: 'right' }, { head: '' }], rows);
}
