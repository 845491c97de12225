import { InputError } from '../input/index.ts';
import type { LevelChoice } from '../policies/planner/levels/levels.ts';
import type { ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface MapOptions {
  readonly capacity?: string;
  readonly minimize?: boolean;
  readonly timeLimit?: number;
  readonly workers?: number;
  readonly validate?: boolean;
  readonly closed?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
  readonly out?: string;
  readonly svg?: string;
  readonly twoLevel?: string;
  readonly machine?: string;
  readonly play?: boolean;
  readonly size?: number;
  readonly width?: number;
  readonly dim?: readonly string[];
  readonly fast?: string;
  readonly objective?: string;
  readonly levels?: LevelChoice;
  readonly online?: boolean;
  readonly curve?: string;
}

/** Options of a program's placement that say nothing of a file of buffers, and the other way round. */
const OF_PROGRAMS = ['machine', 'levels', 'fast', 'size', 'width', 'dim', 'objective'] as const;
const OF_BUFFERS = ['capacity', 'minimize', 'workers', 'validate', 'closed', 'out', 'svg', 'online', 'curve'] as const;

function refuseOthers(options: MapOptions, others: readonly (keyof MapOptions)[], plain: boolean): void {
  const stray = others.find((name) => options[name] !== undefined);
  if (stray === undefined) return;
  const problem = `--${stray} does nothing ${plain ? 'without' : 'beside'} --two-level`;
  throw new InputError({ code: 'bad_value', problem, expected: plain ? '--two-level PROGRAM' : 'a file of buffers' });
}

/** Gives buffers their addresses, or places a program's buffers in several memories. */
export async function map(terminal: Terminal, file: string | undefined, options: MapOptions): Promise<ExitCode> {
  const { twoLevel } = options;
  if ((file === undefined) === (twoLevel === undefined) || (options.play && twoLevel === undefined)) {
    const expected = 'a file of buffers, or --two-level and a program';
    throw new InputError({ code: 'missing_key', problem: 'map needs one thing to map', expected });
  }
  refuseOthers(options, twoLevel === undefined ? OF_PROGRAMS : OF_BUFFERS, twoLevel === undefined);
  if (twoLevel !== undefined) {
    const { mapLevels, playLevels } = await import('./mapLevels.ts');
    return options.play ? playLevels(terminal, twoLevel, options) : mapLevels(terminal, twoLevel, options);
  }
  const { mapBuffers } = await import('./mapBuffers.ts');
  return mapBuffers(terminal, file!, options);
}
