import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unknownName } from '../input/errors.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { EXIT, type ExitCode } from './exit.ts';
import type { Terminal } from './terminal.ts';

const ENDING = '.schema.json';

/** Prints the JSON Schema of a kind of file. */
export async function schema(terminal: Terminal, kind: string): Promise<ExitCode> {
  const folder = join(packageFolder(), 'schemas');
  const kinds = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .sort();
  if (!kinds.includes(kind)) throw unknownName('kind of file', kind, kinds);
  terminal.print(readFileSync(join(folder, kind + ENDING), 'utf8'));
  return EXIT.ok;
}
