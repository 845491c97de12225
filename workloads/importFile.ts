import { readdirSync } from 'node:fs';
import { readBinaryFile, readTextFile } from '../input/files.ts';
import { unknownName } from '../input/index.ts';
import type { Imported, Importer, ImportOptions } from './importer.ts';

export type { Imported, Importer, ImportOptions } from './importer.ts';

/** Every file of this folder is the importer of a format: TypeScript in the source tree, JavaScript where it is built. */
const FOLDER = new URL('importers/', import.meta.url);

function importerFiles(): Map<string, string> {
  const names = readdirSync(FOLDER).sort();
  return new Map(names.flatMap((name) => (/^[a-z-]+\.[jt]s$/.test(name) ? [[name.slice(0, -3), name]] : [])));
}

/** Formats that can be imported. */
export function listFormats(): string[] {
  return [...importerFiles().keys()];
}

/**
 * The importer of a format, loaded when it is asked for.
 * @throws InputError for an unknown format, with the nearest one.
 */
export async function loadImporter(format: string): Promise<Importer> {
  const files = importerFiles();
  const file = files.get(format);
  if (file === undefined) throw unknownName('format', format, [...files.keys()]);
  const module = (await import(/* @vite-ignore */ new URL(file, FOLDER).href)) as { readonly importer: Importer };
  return module.importer;
}

/** Larger than any network file that is worth planning. */
const MAX_BINARY_BYTES = 512 * 1024 * 1024;

/**
 * Imports a file.
 * @throws InputError for an unknown format, a file that cannot be read, or a text the importer refuses.
 */
export async function importFile(
  format: string,
  file: string,
  options: Omit<ImportOptions, 'file'> = {},
): Promise<Imported> {
  const importer = await loadImporter(format);
  const told = { ...options, file };
  if ('convert' in importer) return importer.convert(readTextFile(file), told);
  return importer.convertBytes(readBinaryFile(file, { maxBytes: MAX_BINARY_BYTES }), told);
}
