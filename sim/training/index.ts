export { layerForwardSeconds, opForwardSeconds } from './chunk.ts';
export type { EvictionOrder } from './dtr/heuristics.ts';
export { simulateDtr } from './dtr/simulate.ts';
export { deviceBytes, savedBytes, stageMemory } from './memory.ts';
export { unitsInFlight } from './schedule.ts';
export { simulateTraining, type TrainingOptions } from './simulate.ts';
