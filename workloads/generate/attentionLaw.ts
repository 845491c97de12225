import type { Kernel } from '../../sim/types/index.ts';
import type { WeightShape } from '../models/weights.ts';
import type { Step } from './setting.ts';
import type { Walk, Work } from './walk.ts';

/**
 * Attention of one new token as a law of what is attended: every buffer, byte and FLOP of its walk is a plane over the
 * attended tokens and the bytes they are stored in, so a few walks give those of all decode steps. The peak is the highest
 * of such planes, one for each moment at which a buffer was taken.
 * @module
 */

/** Walks the sub-layer of a step up to what its KV policy does. */
export type WalkOf = (step: Step) => Walk;

/** a + b x tokens + c x stored bytes. */
type Plane = readonly [a: number, b: number, c: number];

const at = ([a, b, c]: Plane, tokens: number, bytes: number): number => a + b * tokens + c * bytes;

/** Where the planes are taken: exact in binary, and far enough apart. */
const NEAR = 1024;
const FAR = 2048;

interface KernelLaw {
  readonly like: Kernel;
  readonly flops: Plane;
  readonly operand_bytes: Plane;
  readonly activation_bytes: Plane;
  readonly head_loaded_bytes: Plane | null;
}

interface Law {
  /** What else of a use the walk depends on. */
  readonly cached_heads: number | undefined;
  readonly kernels: readonly KernelLaw[];
  readonly live: readonly Plane[];
  /** What lives on at the end, beside which the buffers of a policy are taken. */
  readonly left: Plane;
  readonly output_bytes: number;
}

/** Laws by the weights of one program. */
const known = new WeakMap<readonly WeightShape[], Law[]>();

/** The work of one decode step without its policy's kernels, by the law of its weights. */
export function decodeWork(step: Step, weights: readonly WeightShape[], walkOf: WalkOf): Work {
  const laws = known.get(weights) ?? [];
  known.set(weights, laws);
  const { use, context } = step;
  let law = laws.find(({ cached_heads }) => cached_heads === use?.cached_heads);
  if (law === undefined) {
    law = lawOf(step, walkOf);
    laws.push(law);
  }
  const bytes = context * (use?.read_bytes_per_token ?? 0);
  const selected = use?.scratch_bytes ?? 0;
  let peak = selected > 0 ? at(law.left, context, bytes) + selected : 0;
  for (const plane of law.live) peak = Math.max(peak, at(plane, context, bytes));
  return {
    kernels: law.kernels.map((kernel) => kernelAt(kernel, context, bytes)),
    scratch_bytes: Math.max(0, peak - law.output_bytes),
  };
}

function kernelAt(law: KernelLaw, tokens: number, bytes: number): Kernel {
  return {
    ...law.like,
    flops: at(law.flops, tokens, bytes),
    operand_bytes: at(law.operand_bytes, tokens, bytes),
    activation_bytes: at(law.activation_bytes, tokens, bytes),
    ...(law.head_loaded_bytes !== null && { head_loaded_bytes: at(law.head_loaded_bytes, tokens, bytes) }),
  };
}

function lawOf(step: Step, walkOf: WalkOf): Law {
  const walk = (context: number, read_bytes_per_token: number) =>
    walkOf({ ...step, context, ...(step.use && { use: { ...step.use, read_bytes_per_token } }) }).account();
  const near = walk(NEAR, 1);
  const far = walk(FAR, NEAR / FAR);
  const wide = walk(NEAR, 2);
  const plane = (of: (account: typeof near) => number): Plane => {
    const b = (of(far) - of(near)) / (FAR - NEAR);
    const c = (of(wide) - of(near)) / NEAR;
    return [of(near) - NEAR * b - NEAR * c, b, c];
  };
  return {
    cached_heads: step.use?.cached_heads,
    kernels: near.kernels.map((like, i) => ({
      like,
      flops: plane(({ kernels }) => kernels[i]!.flops),
      operand_bytes: plane(({ kernels }) => kernels[i]!.operand_bytes),
      activation_bytes: plane(({ kernels }) => kernels[i]!.activation_bytes),
      head_loaded_bytes:
        like.head_loaded_bytes === undefined ? null : plane(({ kernels }) => kernels[i]!.head_loaded_bytes!),
    })),
    live: near.live.map((_, i) => plane(({ live }) => live[i]!)),
    left: plane(({ left_bytes }) => left_bytes),
    output_bytes: near.output_bytes,
  };
}
