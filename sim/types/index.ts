export type * from './machine.ts';
export * from './policy.ts';
export type * from './program.ts';
export type * from './result.ts';
export type * from './trace.ts';
export type * from './training.ts';
export type * from './units.ts';
