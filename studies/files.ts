import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own folder: the code runs from the source tree or from `dist`. */
export function packageFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let here = start; dirname(here) !== here; here = dirname(here)) {
    if (existsSync(join(here, 'package.json'))) return here;
  }
  throw new Error(`no package.json stands above ${start}`);
}

/** The package's version, as package.json has it. */
export function packageVersion(): string {
  return String(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')).version);
}
