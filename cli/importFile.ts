import { writeFileSync } from 'node:fs';
import { importFile } from '../workloads/importFile.ts';
import { readDims } from './dims.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

export interface ImportFileOptions {
  readonly out: string;
  readonly id?: string;
  readonly dim?: readonly string[];
}

/** Turns a file of another tool into one of ours. */
export async function importToFile(
  terminal: Terminal,
  format: string,
  file: string,
  options: ImportFileOptions,
): Promise<ExitCode> {
  const {
    kind,
    text,
    notes = [],
  } = await importFile(format, file, {
    ...(options.id !== undefined && { id: options.id }),
    dims: readDims(options.dim ?? []),
  });
  if (options.out === '-') terminal.print(text);
  else {
    writeFileSync(options.out, text);
    terminal.note(`${options.out} is a ${kind}\n`);
  }
  for (const note of notes) terminal.note(`${note}\n`);
  return EXIT.ok;
}
