import type { LayerKernels } from '../../types/machine.ts';
import type { Kernel, LayerWork } from '../../types/program.ts';
import { countedInstructions } from './counted.ts';
import { ne16Cycles, ne16ProductCycles } from './ne16.ts';

/**
 * Seconds that a library's kernel takes for a layer, or the share of it that one patch is: instructions or cycles by the
 * law of its kernels, at the rate that the core reaches.
 */
export function layerSeconds({ law, per_s }: LayerKernels, kernel: Kernel, layer: LayerWork): number {
  const bytes = kernel.operand_bytes + kernel.activation_bytes;
  const steps = law.kind === 'counted' ? countedInstructions(law.costs, layer) : ne16Cycles(layer, bytes);
  return (layer.share * steps) / per_s;
}

/** Seconds of them in which an accelerator's array multiplies; none on a core. */
export function productSeconds({ law, per_s }: LayerKernels, layer: LayerWork): number {
  return law.kind === 'ne16' ? (layer.share * ne16ProductCycles(layer)) / per_s : 0;
}
