import { formatInputError, InputError } from '../input/errors.ts';
import { DeadlockError, DoesNotFitError, MissingFactError, PolicyError } from '../sim/errors.ts';

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** A claim, a budget or a baseline failed, or a search found nothing in time. */
  failed: 1,
  /** Bad input or usage. */
  input: 2,
  /** The work cannot fit or cannot proceed on this machine, or is proved infeasible. */
  infeasible: 3,
  /** A fault of the program itself. */
  internal: 4,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What could not be done, with lines that help further. Raised where a command knows more than the engine did. */
export class InfeasibleError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InfeasibleError';
  }
}

/** Faults of files that the user named: no room, no permission, no such folder. */
const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'there is no permission',
  EPERM: 'there is no permission',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'a file of that name is in the way',
  EROFS: 'the file system is read-only',
  ENOSPC: 'there is no space left',
  ENAMETOOLONG: 'the name is too long',
};

/** What to print for an error, and the code to exit with. */
export function explainError(error: unknown, debug: boolean): { readonly text: string; readonly code: ExitCode } {
  const stack = debug && error instanceof Error && error.stack ? `${error.stack}\n` : '';
  const said = (text: string, code: ExitCode) => ({ text: `error: ${text}\n${stack}`, code });
  if (error instanceof InputError) return said(formatInputError(error), EXIT.input);
  if (error instanceof PolicyError) return said(error.message, EXIT.input);
  if (
    error instanceof InfeasibleError ||
    error instanceof DoesNotFitError ||
    error instanceof DeadlockError ||
    error instanceof MissingFactError
  ) {
    return said(error.message, EXIT.infeasible);
  }
  if (!(error instanceof Error)) return said(`internal: ${String(error)}`, EXIT.internal);
  const { code, path } = error as NodeJS.ErrnoException;
  const fault = code === undefined ? undefined : FILE_FAULTS[code];
  if (fault !== undefined && path !== undefined) return said(`${path}: ${fault}`, EXIT.input);
  const hint = debug ? '' : ' (--debug shows where)';
  return said(`internal: ${error.message}${hint}`, EXIT.internal);
}
