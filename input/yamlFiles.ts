import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Place } from './errors.ts';
import { readTextFile } from './files.ts';
import { packageFolder } from './packageFiles.ts';
import { parseYaml, type YamlSource } from './yaml.ts';

/**
 * YAML from files. Parsing takes longer than many runs, so a build keeps what the package's own files say beside the text
 * that said it; a file whose text is still that one is not parsed again until something asks where a value stands.
 * @module
 */

/** What a build keeps of a file. */
interface Kept {
  readonly text: string;
  readonly value: unknown;
}

/** Stands beside the built code; there is none beside the source. */
const KEPT = fileURLToPath(new URL('yaml/', import.meta.url));

/** Reads a YAML file, `shown` in messages. @throws InputError as `readTextFile` and `parseYaml` do. */
export function readYamlFile(path: string, shown = path): YamlSource {
  const text = readTextFile(path);
  const kept = keptOf(path);
  if (kept?.text !== text) return parseYaml(text, shown);
  let parsed: YamlSource | undefined;
  const place: YamlSource['place'] = (at, part) => {
    parsed ??= parseYaml(text, shown);
    return parsed.place(at, part);
  };
  return { file: shown, value: kept.value, place: (at, part) => placeWhenRead(shown, () => place(at, part)) };
}

function placeWhenRead(file: string, find: () => Place): Place {
  return {
    file,
    get line() {
      return find().line!;
    },
    get column() {
      return find().column!;
    },
  };
}

function keptOf(path: string): Kept | undefined {
  const inside = relative(packageFolder(), resolve(path));
  if (inside.startsWith('..')) return undefined;
  const file = keptFile(inside);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : undefined;
}

const keptFile = (inside: string): string => join(KEPT, `${inside.split(sep).join('.')}.json`);

/** Keeps every YAML file below these folders of the package, for the build that this code is part of. */
export function keepYaml(folders: readonly string[]): void {
  mkdirSync(dirname(keptFile('any')), { recursive: true });
  for (const folder of folders) {
    for (const name of readdirSync(join(packageFolder(), folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.yaml')) continue;
      const inside = join(folder, name);
      const text = readTextFile(join(packageFolder(), inside));
      const kept: Kept = { text, value: parseYaml(text, inside).value };
      writeFileSync(keptFile(inside), JSON.stringify(kept));
    }
  }
}
