export { DeadlockError, DoesNotFitError, type Holder, MissingFactError, PolicyError } from '../errors.ts';
export { type Bound, lowerBound } from './bound.ts';
export { measure } from './measure.ts';
export { type SimulateOptions, simulate } from './simulate.ts';
