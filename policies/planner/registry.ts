import { InputError } from '../../input/errors.ts';
import { bestFit, linear, tflmGreedy } from './addressed.ts';
import { fusedBlocks, mcunetAct, mcunetV2, strictLiveness } from './conventions.ts';
import { NETWORK_PLANNERS, type NetworkPlannerKind } from './kinds.ts';
import type { Planner } from './planner.ts';
import { tinyEngine2020, tinyEngineCompat, tinyEngineStrict } from './tinyengine.ts';

/** Planners of networks; the exact search is loaded when it is asked for. */
const PLANNERS: Readonly<Record<NetworkPlannerKind, Planner | (() => Promise<Planner>)>> = {
  live: strictLiveness,
  'mcunet-act': mcunetAct,
  mcunetv2: mcunetV2,
  'fused-blocks': fusedBlocks,
  'tflm-greedy': tflmGreedy,
  linear,
  'best-fit': bestFit,
  exact: async () => (await import('./exact.ts')).exact,
  tinyengine: tinyEngineCompat,
  'tinyengine-strict': tinyEngineStrict,
  'tinyengine-2020': tinyEngine2020,
};

const isKind = (kind: string): kind is NetworkPlannerKind => Object.hasOwn(PLANNERS, kind);

/** The planner of networks of this kind. @throws InputError for `two-tier`, which places programs. */
export async function loadPlanner(kind: string): Promise<Planner> {
  if (isKind(kind)) {
    const planner = PLANNERS[kind];
    return typeof planner === 'function' ? planner() : planner;
  }
  throw new InputError({
    code: 'bad_value',
    problem: `the planner ${kind} places the programs of mapping workloads`,
    found: kind,
    expected: `for a network one of ${NETWORK_PLANNERS.map((planner) => planner.kind).join(', ')}`,
  });
}
