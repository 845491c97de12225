import * as v from 'valibot';
import { DoesNotFitError, simulate } from '../../../sim/executor/index.ts';
import type { Placement, Plan, Program } from '../../../sim/types/index.ts';
import { loadSolver, type Solver } from '../../linearProgram.ts';
import { PercentPlacement } from '../percent/percent.ts';
import { type PercentFields, percentSchema } from '../percent/schema.ts';
import type { PlacementContext } from '../placement.ts';
import { layerCosts } from './costs.ts';
import { formulate } from './formulate.ts';
import type { LpFields } from './schema.ts';

/**
 * FlexGen's policy search.
 * @module
 */

interface Candidate {
  readonly program: Program;
  readonly fields: PercentFields;
  /** Seconds per sequence by the linear program. */
  readonly estimate: number;
}

export async function search(fields: LpFields, context: PlacementContext): Promise<Placement> {
  const solver = await loadSolver(fields.solver);
  const candidates = grid(fields, context)
    .map((program) => solve(fields, context, program, solver))
    .filter((candidate) => candidate !== null)
    .sort((a, b) => a.estimate - b.estimate);
  let best: { candidate: Candidate; rate: number } | null = null;
  let misfit: DoesNotFitError | null = null;
  let simulated = 0;
  for (const candidate of candidates) {
    if (simulated === fields.candidates) break;
    try {
      const { metrics } = simulate(context.machine, candidate.program, percent(candidate, context));
      simulated += 1;
      const rate = metrics['throughput.tokens_per_s']!;
      if (best === null || rate > best.rate) best = { candidate, rate };
    } catch (error) {
      if (!(error instanceof DoesNotFitError)) throw error;
      misfit ??= error;
    }
  }
  if (best === null) {
    // Nothing fits: let the run itself say what does not.
    const fallback = v.parse(percentSchema, {
      kind: 'percent',
      weights: [0, 100],
      kv: [0, 100],
      activations: [0, 100],
    });
    return misfit === null ? new PercentPlacement(fallback, context) : new Refused(misfit);
  }
  return new Chosen(best.candidate, context);
}

/** Programs of all batch sizes that are tried: powers of two and their three-quarter points, up to the limits. */
function grid(fields: LpFields, { program, programFor }: PlacementContext): Program[] {
  if (!fields.choose_batch || programFor === undefined) return [program];
  const sizes = (limit: number): number[] => {
    const steps = [1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512];
    return steps.filter((size) => size <= limit);
  };
  return sizes(fields.max_batch).flatMap((batch) =>
    sizes(fields.max_batches).map((batches) => programFor(batch, batches)),
  );
}

function solve(
  fields: LpFields,
  { machine, precision }: PlacementContext,
  program: Program,
  solver: Solver,
): Candidate | null {
  const costs = layerCosts(machine, program, precision, fields);
  const solution = solver(formulate(machine, costs));
  if (solution === null) return null;
  const share = (name: string): number => solution.variables[name] ?? 0;
  const percents = (tensor: string): [number, number] => {
    const gpu = Math.floor(100 * share(`${tensor}_g`) + 1e-6);
    const disk = Math.ceil(100 * share(`${tensor}_d`) - 1e-6);
    return [gpu, 100 - gpu - disk];
  };
  // Hidden states have one home (as in the runtime): the one that takes most of them.
  const hidden = share('h_g') >= 0.5 ? [100, 0] : share('h_c') >= share('h_d') ? [0, 100] : [0, 0];
  return {
    program,
    estimate: solution.value,
    fields: v.parse(percentSchema, {
      kind: 'percent',
      weights: percents('w'),
      kv: percents('k'),
      activations: hidden,
      attention_on: fields.attention_on,
      pin_weights: fields.pin_weights,
    }),
  };
}

const percent = ({ fields, program }: Candidate, context: PlacementContext): PercentPlacement =>
  new PercentPlacement(fields, { ...context, program });

/** The chosen placement, with the program of the chosen batch sizes and a note of both. */
class Chosen extends PercentPlacement {
  readonly program: Program;
  private readonly candidate: Candidate;

  constructor(candidate: Candidate, context: PlacementContext) {
    super(candidate.fields, { ...context, program: candidate.program });
    this.program = candidate.program;
    this.candidate = candidate;
  }

  override plan(): Plan {
    const { fields, program } = this.candidate;
    return {
      ...super.plan(),
      choices: {
        batch: program.summary.batch,
        batches: program.summary.batches,
        weights_gpu_percent: fields.weights[0],
        weights_cpu_percent: fields.weights[1],
        kv_gpu_percent: fields.kv[0],
        kv_cpu_percent: fields.kv[1],
        activations_gpu_percent: fields.activations[0],
        activations_cpu_percent: fields.activations[1],
      },
    };
  }
}

/** No candidate fits; the plan says what did not. */
class Refused implements Placement {
  readonly kind = 'lp';
  readonly lookahead = 0;
  private readonly misfit: DoesNotFitError;

  constructor(misfit: DoesNotFitError) {
    this.misfit = misfit;
  }

  plan(): Plan {
    throw this.misfit;
  }

  onOp(): void {}
}
