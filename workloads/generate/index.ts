export { generateProgram } from './program.ts';
export { type GenerateFields, generateSchema } from './schema.ts';
