import type { MapPlan } from '../policies/planner/mapping/solve.ts';
import type { OnlineResult } from '../policies/planner/online/cachingAllocator.ts';

const bytes = (value: number): string => `${value.toLocaleString('en')} bytes`;

/** What is proved, in words. */
export function verdictOf(plan: MapPlan, capacity: number | undefined): string {
  const { peak_bytes: peak, lower_bound_bytes: low } = plan;
  switch (plan.verdict) {
    case 'optimal':
      return 'optimal: no plan is lower';
    case 'feasible':
      return `feasible, at most ${((peak / low - 1) * 100).toFixed(2)} % above the lowest`;
    case 'infeasible':
      return `infeasible: proved, every plan needs ${bytes(low)} or more`;
    default:
      return `not found in time; the lowest plan so far passes the capacity by ${bytes(peak - capacity!)}`;
  }
}

/** The answer as people read it. */
export function mapText(buffers: number, plan: MapPlan, capacity: number | undefined, elapsed_s: number): string {
  const rows: [string, string][] = [
    ['buffers', buffers.toLocaleString('en')],
    ['capacity', capacity === undefined ? 'not given; the lowest plan was looked for' : bytes(capacity)],
    ['peak', bytes(plan.peak_bytes)],
    ['lower bound', bytes(plan.lower_bound_bytes)],
    ['verdict', verdictOf(plan, capacity)],
    ['elapsed', `${elapsed_s.toFixed(3)} s, ${plan.nodes.toLocaleString('en')} nodes`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)} ${value}\n`).join('');
}

/** The caching allocator beside the plan: what it takes from the device for the same lives. */
export function onlineText(online: OnlineResult, plan: MapPlan): string {
  const share = (part: number): string => `${(part * 100).toFixed(2)} %`;
  const rows: [string, string][] = [
    [
      'online',
      `${bytes(online.reserved_peak_bytes)} reserved, ${bytes(online.allocated_peak_bytes)} allocated at most`,
    ],
    ['fragmented', share(online.fragmentation)],
    ['plan saves', share(1 - plan.peak_bytes / online.reserved_peak_bytes)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)} ${value}\n`).join('');
}
