/** What went wrong inside the engine; one code per misuse, so that callers and tests never match on text. */
export type SimulationErrorCode =
  | 'past' // an event was scheduled before the present
  | 'not-integer' // a time is not a whole number of nanoseconds
  | 'overflow' // a time does not fit in 2^53 − 1 ns, or a table reached its size limit
  | 'bad-phase' // a phase outside 0 … MAX_PHASE
  | 'unknown-kind' // an event kind that no handler was registered for
  | 'event-limit' // more events than the run was allowed: usually a loop that never lets time pass
  | 'reentrant' // run() was called from inside a handler
  | 'bad-argument' // a number outside the stated range of a kernel function
  | 'unbalanced'; // a BusyTracker ended more activities than had begun

/** The only error the kernel throws. Each is raised at the misuse, not where its effect would show. */
export class SimulationError extends Error {
  readonly code: SimulationErrorCode;

  constructor(code: SimulationErrorCode, message: string) {
    super(message);
    this.name = 'SimulationError';
    this.code = code;
  }
}

/** Throws `bad-argument` unless `holds`. */
export function demand(holds: boolean, message: string): void {
  if (!holds) throw new SimulationError('bad-argument', message);
}
