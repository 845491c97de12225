import { claimsText } from '../reports/claims.ts';
import { stableJson, validationDocument } from '../reports/json.ts';
import { missed } from '../studies/validate.ts';
import { EXIT, type ExitCode } from './exit.ts';
import { makeFolder } from './folder.ts';
import { runStudies } from './runStudies.ts';
import type { Terminal } from './terminal.ts';

export interface ValidateOptions {
  readonly json?: boolean;
  readonly reportOnly?: boolean;
  readonly plot?: string;
  readonly workers?: number;
  readonly results?: string;
}

/** Runs every claim of the studies and prints how near each is. */
export async function validate(
  terminal: Terminal,
  refs: readonly string[],
  options: ValidateOptions,
): Promise<ExitCode> {
  const runs = await runStudies(terminal, refs, options);
  const rows = runs.flatMap((run) => run.rows);
  if (options.json) terminal.print(stableJson(validationDocument(rows)));
  else terminal.print(claimsText(rows));
  if (options.plot !== undefined) {
    makeFolder(options.plot);
    const { plotStudies } = await import('./plot.ts');
    await plotStudies(terminal, runs, options.plot);
  }
  return rows.some(missed) && !options.reportOnly ? EXIT.failed : EXIT.ok;
}
