import type { TrainBody } from '../../../sim/types/index.ts';
import { OBJECTIVE, type Solver } from '../../linearProgram.ts';

/** What of a layer is dropped and what runs again, as shares of the layers. */
export interface LayerPlan {
  /** By saved tensor: the share that is dropped. */
  readonly dropped: Readonly<Record<string, number>>;
  /** By op: the share that runs again. */
  readonly again: Readonly<Record<string, number>>;
  readonly again_s: number;
}

export interface LayerProblem {
  readonly layer: TrainBody;
  /** Forward time of each op, in order. */
  readonly seconds: readonly number[];
  /** Most bytes that a layer may keep on average, its recomputed tensors being there one layer at a time. */
  readonly kept_bytes: number;
  /** One plan for all layers; otherwise layers may differ, and shares say how many do what. */
  readonly alike: boolean;
}

/**
 * The cheapest choice of tensors to drop, as a program over the ops of a layer in their order (the rematerialisation of
 * Jain et al., Checkmate, MLSys 2020, section 4, for a body whose ops run once): a tensor that is dropped needs the op that
 * makes it again, and an op that runs again needs its input, which is kept or made again by the op before it.
 * @returns null where even the layer's input is too much.
 */
export function planLayer(problem: LayerProblem, solve: Solver): LayerPlan | null {
  const { layer, seconds, kept_bytes, alike } = problem;
  const { ops } = layer;
  const input = ops[0]!.saves[0]?.name;
  const variables: Record<string, Record<string, number>> = {};
  const constraints: Record<string, { max: number }> = {};
  const limit = (name: string): Record<string, number> => {
    constraints[`le_${name}`] = { max: 1 };
    return { [`le_${name}`]: 1 };
  };
  ops.forEach((_, j) => {
    variables[`r${j}`] = { [OBJECTIVE]: seconds[j]!, ...limit(`r${j}`) };
  });
  let whole = 0;
  const names: { readonly variable: string; readonly name: string }[] = [];
  ops.forEach(({ saves }, j) => {
    let hasInput = false;
    for (const { name, bytes, made_here } of saves) {
      whole += bytes;
      if (made_here !== true) hasInput = true;
      if (name === input) continue;
      const variable = `d${names.length}`;
      names.push({ variable, name });
      const maker = made_here === true ? j : j - 1;
      // d <= r of its maker.
      constraints[`made_${variable}`] = { max: 0 };
      variables[variable] = { ...limit(variable), room: -bytes, [`made_${variable}`]: 1 };
      variables[`r${maker}`]![`made_${variable}`] = -1;
    }
    // An op whose input nobody saved takes it from the op before it.
    if (!hasInput && j > 0) {
      constraints[`input_r${j}`] = { max: 0 };
      variables[`r${j}`]![`input_r${j}`] = 1;
      variables[`r${j - 1}`]![`input_r${j}`] = -1;
    }
  });
  constraints['room'] = { max: kept_bytes - whole };
  const solved = solve({ variables, constraints, ...(alike && { binary: Object.keys(variables) }) });
  if (solved === null) return null;
  const share = (variable: string): number => Math.min(1, Math.max(0, solved.variables[variable] ?? 0));
  return {
    dropped: Object.fromEntries(names.map(({ variable, name }) => [name, share(variable)])),
    again: Object.fromEntries(ops.map(({ name }, j) => [name, share(`r${j}`)])),
    again_s: solved.value,
  };
}
