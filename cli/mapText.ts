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

/** Where the time went, and what ended the search before it was done. */
export interface MapTimes {
  readonly elapsed_s: number;
  /** Of those, to read and check the buffers, and to find their sections and the bound. */
  readonly read_s: number;
  readonly prepare_s: number;
  readonly stopped: 'time_limit' | 'signal' | null;
}

const CAUSES = { time_limit: 'the time limit', signal: 'a signal' } as const;

/** Where a search was when it was stopped. */
const STAGES: Readonly<Record<MapPlan['stage'], string>> = {
  first_plan: 'before first fit had placed the known orders',
  orders: 'in the search over orders',
  exact: 'in the exact search',
};

/** The answer as people read it. */
export function mapText(buffers: number, plan: MapPlan, capacity: number | undefined, times: MapTimes): string {
  const { elapsed_s, read_s, prepare_s, stopped } = times;
  const spent = `${read_s.toFixed(3)} s to read, ${prepare_s.toFixed(3)} s to prepare`;
  const rows: [string, string][] = [
    ['buffers', buffers.toLocaleString('en')],
    ['capacity', capacity === undefined ? 'not given; the lowest plan was looked for' : bytes(capacity)],
    ['peak', bytes(plan.peak_bytes)],
    ['lower bound', bytes(plan.lower_bound_bytes)],
    ['verdict', verdictOf(plan, capacity)],
    ['elapsed', `${elapsed_s.toFixed(3)} s (${spent}), ${plan.nodes.toLocaleString('en')} nodes`],
  ];
  if (stopped !== null) rows.push(['stopped', `by ${CAUSES[stopped]} ${STAGES[plan.stage]}`]);
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
