import type { Place } from '../../../../input/errors.ts';
import { checkBuffers } from '../check.ts';
import type { MapBuffer } from '../problem.ts';
import { readCsvProblem } from './csv.ts';
import { readJsonProblem } from './json.ts';
import { isStalloc, readStallocProblem } from './stalloc.ts';

/** A problem as a file gives it. */
export interface ReadProblem {
  readonly buffers: readonly MapBuffer[];
  /** Where buffer `i` stands. */
  readonly placeOf: (index: number) => Place;
  readonly capacity_bytes?: number;
  /** Columns of the table, as the file names them. */
  readonly columns?: readonly string[];
  /** Whether the file's upper times were still in use. */
  readonly closed: boolean;
}

/**
 * Reads and checks a problem; JSON begins with a brace, a trace of STAlloc has lines of events, anything else is CSV.
 * @throws InputError with the line of the row
 */
export function readProblem(text: string, file: string, closed?: boolean): ReadProblem {
  const reading = readingProblem(text, file, closed);
  for (;;) {
    const { done, value } = reading.next();
    if (done) return value;
  }
}

/** The same in steps. @yields the number of buffers read so far */
export function* readingProblem(text: string, file: string, closed?: boolean): Generator<number, ReadProblem, void> {
  const problem = /^\s*\{/.test(text)
    ? readJsonProblem(text, file)
    : isStalloc(text)
      ? readStallocProblem(text, file)
      : yield* readCsvProblem(text, file, closed);
  yield problem.buffers.length;
  checkBuffers(problem.buffers, problem.placeOf);
  return problem;
}
