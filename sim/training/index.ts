export { layerForwardSeconds } from './chunk.ts';
export type { EvictionOrder } from './dtr/heuristics.ts';
export { simulateDtr } from './dtr/simulate.ts';
export { simulateTraining, type TrainingOptions } from './simulate.ts';
