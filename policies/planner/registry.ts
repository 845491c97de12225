import * as v from 'valibot';
import { bestFit, exact, linear, tflmGreedy } from './addressed.ts';
import { fusedBlocks, mcunetAct, mcunetV2, strictLiveness } from './conventions.ts';
import type { Planner } from './planner.ts';
import { tinyEngineCompat, tinyEngineStrict } from './tinyengine.ts';

/** Every planner kind, one line each. */
export const PLANNERS: readonly Planner[] = [
  strictLiveness,
  mcunetAct,
  mcunetV2,
  fusedBlocks,
  tflmGreedy,
  linear,
  bestFit,
  exact,
  tinyEngineCompat,
  tinyEngineStrict,
];

export const plannerSchema = v.strictObject({
  kind: v.pipe(
    v.picklist(PLANNERS.map(({ kind }) => kind)),
    v.description('How static memory is counted or addressed; `list policies` says what each does.'),
  ),
});

export const plannerOf = (kind: string): Planner => PLANNERS.find((planner) => planner.kind === kind)!;
