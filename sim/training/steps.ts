import type { Kernel } from '../types/program.ts';
import type { ActivationPlan, Collective, TrainBody, TrainOp } from '../types/training.ts';

/**
 * A body of ops as what a device is asked to do in order: kernels, with a collective before, after or beside them.
 * @module
 */

export interface Step {
  readonly kernels: readonly Kernel[];
  /** Beside the kernels; both end before the next step. */
  readonly beside: Collective | null;
  /** Alone, before the kernels. */
  readonly before: Collective | null;
  /** What launches them; a forward that backward runs again is launched as forward is. */
  readonly driver: 'forward' | 'backward';
}

/** Steps in order; neighbours without a collective between them are one. */
class StepList {
  readonly steps: Step[] = [];
  private kernels: Kernel[] = [];
  private before: Collective | null = null;
  private driver: Step['driver'] = 'forward';

  /** From here on another part of the framework launches. */
  by(driver: Step['driver']): void {
    if (driver === this.driver) return;
    this.close();
    this.driver = driver;
  }

  run(kernels: readonly Kernel[]): void {
    this.kernels.push(...kernels);
  }

  alone(collective: Collective | undefined): void {
    if (collective === undefined) return;
    this.close();
    this.before = collective;
  }

  beside(kernels: readonly Kernel[], collective: Collective | undefined): void {
    if (collective === undefined) {
      this.run(kernels);
      return;
    }
    this.close();
    this.steps.push({ kernels, beside: collective, before: null, driver: this.driver });
  }

  close(): void {
    if (this.kernels.length === 0 && this.before === null) return;
    this.steps.push({ kernels: this.kernels, beside: null, before: this.before, driver: this.driver });
    this.kernels = [];
    this.before = null;
  }
}

export function forwardSteps({ ops }: TrainBody): readonly Step[] {
  const list = new StepList();
  for (const op of ops) addForward(list, op, 1);
  list.close();
  return list.steps;
}

/** Ops in reverse; before a run of neighbours that are computed again, their forward. */
export function backwardSteps({ ops }: TrainBody, plan: ActivationPlan): readonly Step[] {
  const list = new StepList();
  const share = (op: TrainOp | undefined): number => (op === undefined ? 0 : (plan.again[op.name] ?? 0));
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i]!;
    if (share(op) > 0 && share(ops[i + 1]) === 0) {
      let first = i;
      while (share(ops[first - 1]) > 0) first -= 1;
      for (let j = first; j <= i; j++) addForward(list, ops[j]!, share(ops[j]));
    }
    list.by('backward');
    list.alone(op.backward_gather);
    list.beside(op.backward, op.gather_again);
    list.beside(op.weight_gradient, op.backward_reduce);
  }
  list.close();
  return list.steps;
}

function addForward(list: StepList, op: TrainOp, share: number): void {
  list.by('forward');
  list.alone(scaledCollective(op.gather, share));
  list.run(share === 1 ? op.forward : op.forward.map((kernel) => scaled(kernel, share)));
  list.alone(scaledCollective(op.reduce, share));
}

/** A share of the rows. */
function scaled(kernel: Kernel, share: number): Kernel {
  const { gemm } = kernel;
  return {
    ...kernel,
    flops: kernel.flops * share,
    activation_bytes: kernel.activation_bytes * share,
    ...(gemm && { gemm: { ...gemm, m: gemm.m * share } }),
  };
}

const scaledCollective = (collective: Collective | undefined, share: number): Collective | undefined =>
  collective === undefined || share === 1 ? collective : { ...collective, bytes: collective.bytes * share };
