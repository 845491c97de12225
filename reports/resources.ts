import type { Metrics } from '../sim/types/index.ts';
import { formatMovedBytes, formatQuantity } from './format.ts';
import { formatMetric } from './metrics.ts';

/**
 * What a run costs in the five kinds of resource that surveys of efficiency tell apart: compute, memory, energy, money and
 * network (Bai et al., "Beyond Efficiency", arXiv:2401.00625). A kind that nothing was measured of is left out.
 * @module
 */

export interface ResourceSection {
  readonly kind: 'compute' | 'memory' | 'energy' | 'money' | 'network';
  readonly parts: readonly string[];
}

/** The sections that the metrics have, in the survey's order. */
export function resourceSections(metrics: Metrics): ResourceSection[] {
  const shown = (...names: string[]): string[] =>
    names.flatMap((name) => (metrics[name] === undefined ? [] : [formatMetric(name, metrics[name])]));
  const every = (pattern: RegExp, text: (groups: readonly string[], value: number) => string): string[] =>
    Object.entries(metrics).flatMap(([name, value]) => {
      const match = pattern.exec(name);
      return match && value > 0 ? [text(match.slice(1), value)] : [];
    });
  const flops = metrics['compute.flops'];
  const macs = metrics['compute.macs'];
  const known = metrics['energy.total_j'] === undefined ? shown('energy.known_j').map((text) => `${text} known`) : [];
  const sections: ResourceSection[] = [
    {
      kind: 'compute',
      parts: [
        ...(flops === undefined ? [] : [formatQuantity(flops, 'flops')]),
        ...(macs === undefined ? [] : [`${formatMetric('compute.macs', macs)} MAC`]),
        ...shown('agent.calls').map((text) => `${text} calls`),
      ],
    },
    {
      kind: 'memory',
      parts: every(/^memory\.([^.]+)\.peak_bytes$/, ([id], value) => `${id} ${formatQuantity(value, 'bytes')}`),
    },
    { kind: 'energy', parts: [...shown('energy.total_j'), ...known, ...shown('carbon.gco2e')] },
    { kind: 'money', parts: shown('cost.usd', 'cost.usd_per_million_tokens') },
    {
      kind: 'network',
      parts: every(
        /^traffic\.([^.]+)\.(\w+)_bytes$/,
        ([link, way], value) => `${link} ${way} ${formatMovedBytes(value)}`,
      ),
    },
  ];
  return sections.filter(({ parts }) => parts.length > 0);
}
