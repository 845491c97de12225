import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let folder: string | undefined;

/** The package's own folder, where its YAML stands: the code runs from the source tree or from a folder built below it. */
export function packageFolder(): string {
  if (folder !== undefined) return folder;
  const start = dirname(fileURLToPath(import.meta.url));
  for (let here = start; dirname(here) !== here; here = dirname(here)) {
    if (existsSync(join(here, 'package.json'))) {
      folder = here;
      return here;
    }
  }
  throw new Error(`no package.json stands above ${start}`);
}

/** The package's version, as package.json has it. */
export function packageVersion(): string {
  return String(JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')).version);
}
