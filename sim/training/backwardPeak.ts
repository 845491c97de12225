import type { ActivationPlan, TrainBody, TrainOp } from '../types/training.ts';
import { inputBytes } from './opBytes.ts';

/**
 * Most bytes that backward of a body holds beyond what was kept when it began: what it makes again, gradients of activations
 * that pass from op to op, and what an op holds meanwhile, less what the ops behind it have given back. The walk is that of
 * the allocator's requests, so that both peaks count the same tensors. `freed` was given back before the body.
 * @returns bytes, negative where all of it is below what was kept
 */
export function mostBeside({ ops }: TrainBody, plan: ActivationPlan | null, freed: number): number {
  const first = ops.findIndex(({ backward, weight_gradient }) => backward.length + weight_gradient.length > 0);
  if (first < 0) return 0;
  const host = (name: string): number => plan?.saved[name]?.host ?? 0;
  const dropped = (name: string): number => 1 - host(name) - (plan?.saved[name]?.keep ?? 1);
  const bytesOf = ({ saves }: TrainOp, share: (name: string) => number): number =>
    saves.reduce((sum, { name, bytes }) => sum + bytes * share(name), 0);
  const again = plan !== null && Object.values(plan.again).some((share) => share > 0);
  let beside = (again ? ops.reduce((sum, op) => sum + bytesOf(op, dropped), 0) : 0) - freed;
  // Of the body's output, which is as large as the next body's input and so as its own.
  let gradient = plan === null ? 0 : inputBytes(ops[0]!, undefined);
  let most = beside + gradient;
  for (let at = ops.length - 1; at >= first; at--) {
    const op = ops[at]!;
    const next = inputBytes(op, ops[at - 1]);
    const meanwhile = (op.temporaries?.backward ?? []).reduce((sum, bytes) => sum + bytes, 0);
    // `scratch_bytes` counts the gradient that comes in.
    most = Math.max(most, beside + gradient + next + meanwhile, beside + op.scratch_bytes);
    if (next > 0) gradient = next;
    // What came from the host lies in a buffer until the body is done.
    beside -= bytesOf(op, (name) => (again ? 1 - host(name) : 1 - host(name) - dropped(name)));
  }
  return most;
}
