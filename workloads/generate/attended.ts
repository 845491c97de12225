import type { Kernel, KvUse } from '../../sim/types/index.ts';
import type { WeightShape } from '../models/weights.ts';
import { attentionWork } from './attention.ts';
import type { Setting, Step } from './setting.ts';
import type { Work } from './walk.ts';

/** Works that are kept; beyond them all are forgotten. */
const MOST_KEPT = 65_536;

interface Known {
  readonly step: Step;
  readonly use: KvUse;
  readonly weights: readonly WeightShape[];
  readonly work: Work;
}

/**
 * The work of attention by what it attends: layers with budgets of their own come to the same number of tokens in
 * different passes, and the kernels are then the same, whatever is stored or freed beside them. The last work of each
 * number of tokens is kept and given again when everything that it was made from is equal.
 */
export class AttendedWorks {
  readonly #setting: Setting;
  readonly #known = new Map<number, Known>();

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  at(step: Step, weights: readonly WeightShape[]): Work {
    const { context, use } = step;
    if (use === undefined) return attentionWork(this.#setting, step, weights);
    const known = this.#known.get(context);
    if (known !== undefined && known.weights === weights && samePass(known.step, step) && sameUse(known.use, use)) {
      return known.work;
    }
    const work = attentionWork(this.#setting, step, weights);
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(context, { step, use, weights, work });
    return work;
  }
}

const samePass = (a: Step, b: Step): boolean => a.phase === b.phase && a.tokens === b.tokens;

/** Whether two uses come to the same kernels: all that attention reads of a use. */
function sameUse(a: KvUse, b: KvUse): boolean {
  return (
    a.read_bytes_per_token === b.read_bytes_per_token &&
    a.pair_share === b.pair_share &&
    a.scratch_bytes === b.scratch_bytes &&
    a.cached_heads === b.cached_heads &&
    sameKernels(a.kernels, b.kernels)
  );
}

function sameKernels(a: readonly Kernel[], b: readonly Kernel[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameFields(a[i]!, b[i]!) || !sameFields(b[i]!, a[i]!)) return false;
  return true;
}

/** Every field of `a` is the same in `b`; nested ones count as equal only where they are one object. */
function sameFields(a: Kernel, b: Kernel): boolean {
  if (a === b) return true;
  for (const field in a) if (a[field as keyof Kernel] !== b[field as keyof Kernel]) return false;
  return true;
}
