export { simulateTraining, type TrainingOptions } from './simulate.ts';
