import { writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** Where a command writes: data to standard output, everything else to standard error. */
export interface Terminal {
  /** Data: the one thing a command prints. */
  readonly print: (text: string) => void;
  /** Notes, progress, errors. */
  readonly note: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly printsToScreen: boolean;
  readonly notesToScreen: boolean;
  /** Columns of the screen. */
  readonly width: number;
  /** Threads that long work may use. */
  readonly threads: number;
}

/** A reader that has gone (`| head`) ends the program quietly; any other fault of a stream is an internal error. */
function endWhenReaderLeaves(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') writeSync(2, `error: ${error.message}\n`);
    process.exit(error.code === 'EPIPE' ? (process.exitCode ?? 0) : 4);
  });
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  endWhenReaderLeaves(process.stdout);
  endWhenReaderLeaves(process.stderr);
  return {
    print: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    env: process.env,
    printsToScreen: process.stdout.isTTY === true,
    notesToScreen: process.stderr.isTTY === true,
    width: process.stdout.columns ?? 80,
    threads: availableParallelism(),
  };
}
