export type * from './attention.ts';
export type * from './kv.ts';
export type * from './layout.ts';
export type * from './machine.ts';
export type * from './network.ts';
export * from './policy.ts';
export type * from './program.ts';
export type * from './result.ts';
export type * from './units.ts';
