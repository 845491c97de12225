export { trainProgram } from './program.ts';
export { type TrainFields, trainSchema } from './schema.ts';
