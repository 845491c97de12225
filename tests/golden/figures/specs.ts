import type { ChartInput } from '../../../reports/chart.ts';
import type { FigureSpec } from '../../../reports/figure.ts';
import { CLAIMS, MACHINE, result, TIMELINE } from './fixtures.ts';

/** The figures whose SVG is kept and compared. */
export const SPECS: readonly { readonly spec: FigureSpec; readonly inputs: readonly ChartInput[] }[] = [
  {
    spec: { kind: 'bars', rename: { 'fg-30b-512': 'OPT-30B, 512', 'fg-30b-1024': 'OPT-30B, 1024', 'fg-30b-256': 'OPT-30B, 256' } },
    inputs: [{ result: result() }],
  },
];
void [CLAIMS, MACHINE, TIMELINE];
