import type { KernelPart } from '../../sim/types/index.ts';
import { rowsBytes, type Setting, type Step } from './setting.ts';
import type { Walk } from './walk.ts';

/** fp32 copies are twice the size of computed values. */
const FP32_RATIO = 2;

/**
 * Normalises `from` into a new buffer `to`. A layer norm is one kernel in every framework. An un-fused RMS norm casts to
 * fp32, squares, averages, scales and casts back (Hugging Face, `LlamaRMSNorm`).
 */
export function normalise(walk: Walk, setting: Setting, step: Step, part: KernelPart, from: string, to: string): void {
  const bytes = rowsBytes(setting, step, setting.model.hidden);
  const name = 'pointwise';
  if (setting.model.norm === 'layer' || setting.pointwise_fused) {
    walk.run({ part, name, reads: [from], makes: { [to]: bytes } });
    return;
  }
  walk.run({ part, name, reads: [from], makes: { cast: FP32_RATIO * bytes } });
  walk.run({ part, name, reads: ['cast'], makes: { square: FP32_RATIO * bytes } });
  walk.run({ part, name, reads: ['square'], frees: ['square'], launches: 2 });
  walk.run({ part, name, reads: ['cast'], makes: { scaled: FP32_RATIO * bytes }, frees: ['cast'] });
  walk.run({ part, name, reads: ['scaled'], makes: { narrow: bytes }, frees: ['scaled'] });
  walk.run({ part, name, reads: ['narrow'], makes: { [to]: bytes }, frees: ['narrow'] });
}
