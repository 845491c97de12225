import type { LayerCosts } from '../../types/machine.ts';
import type { LayerWork } from '../../types/program.ts';

/** Instructions of a whole layer: those of its multiply-adds, its outputs, its windows' elements and its inputs. */
export function countedInstructions(costs: LayerCosts, layer: LayerWork): number {
  const { multiply_add, output, window, input } = costs[layer.kind];
  return (
    multiply_add * layer.multiply_adds + output * layer.outputs + window * layer.window_elements + input * layer.inputs
  );
}
