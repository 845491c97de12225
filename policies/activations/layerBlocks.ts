import { type StepRequests, stepRequests } from '../../sim/training/requests.ts';
import type { ActivationPlan, OptimizerPlan, Training } from '../../sim/types/index.ts';
import type { MapBuffer } from '../planner/mapping/problem.ts';
import { Mapper } from '../planner/mapping/solve.ts';

/** Addresses are multiples of it, as the caching allocator's are. */
const ALIGNMENT = 512;
/** Steps of the mapper on one problem; those here are settled in a few. */
const STEPS = 200;

/**
 * Peak of a step whose requests have addresses planned beforehand, on two levels (Zhao et al., MEMO, SIGMOD 2025, section
 * 4.2): what lives inside forward or backward of one body is planned alone, once for equal bodies, and is then one request of
 * the planned height among those that outlive a body, which are planned together.
 * @returns bytes, weights and optimizer state included, of the stage that needs most
 */
export function plannedPeakBytes(training: Training, activations: ActivationPlan, optimizer: OptimizerPlan): number {
  const stages = new Set([0, training.layout.pipeline - 1]);
  return Math.max(...[...stages].map((stage) => planned(stepRequests({ training, activations, optimizer }, stage))));
}

function planned({ requests, spans, lasting_bytes }: StepRequests): number {
  const inside = spans.map((): MapBuffer[] => []);
  const outside: MapBuffer[] = [];
  for (const { bytes, from, to, span } of requests) {
    const start = span < 0 ? 0 : spans[span]!.from;
    (span < 0 ? outside : inside[span]!).push(buffer(from - start, to - start, bytes));
  }
  const heights = new Map<string, number>();
  spans.forEach(({ from, to }, i) => {
    const own = inside[i]!;
    if (own.length === 0) return;
    const key = own.map(({ lower, upper, size_bytes }) => `${lower}-${upper}:${size_bytes}`).join();
    const height = heights.get(key) ?? lowest(own);
    heights.set(key, height);
    outside.push(buffer(from, to, height));
  });
  return lasting_bytes + lowest(outside);
}

const buffer = (lower: number, upper: number, bytes: number): MapBuffer => ({
  id: `${lower}`,
  lower,
  upper,
  size_bytes: Math.ceil(bytes / ALIGNMENT) * ALIGNMENT,
});

/** Height of the lowest plan found. */
function lowest(buffers: readonly MapBuffer[]): number {
  if (buffers.length === 0) return 0;
  const mapper = new Mapper(buffers);
  for (let step = 0; step < STEPS && !mapper.done; step++) mapper.step();
  return mapper.plan().peak_bytes!;
}
