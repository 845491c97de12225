/**
 * Machine descriptions, for the browser too. Reading files is in `load.ts`.
 * @module
 */
export { bareId, directionsOf, isMemoryId, isStorage, MEMORY_IDS } from './ids.ts';
export { type KnobEffect, knobEffect } from './knobs.ts';
export { parseMachine, parseMachineData, readMachineFile } from './machine.ts';
export { type MachineFile, machineSchema } from './schema.ts';
export { type NumericField, numericFields } from './sources.ts';
export { applyVariant, variantIds } from './variants.ts';
