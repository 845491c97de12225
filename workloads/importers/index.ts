import { readdirSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readBinaryFile, readTextFile } from '../../input/files.ts';
import { unknownName } from '../../input/index.ts';
import type { Imported, Importer, ImportOptions } from './importer.ts';

export type { Imported, Importer, ImportOptions } from './importer.ts';

const HERE = fileURLToPath(import.meta.url);
/** Files of this folder that are not importers. */
const NOT_IMPORTERS = ['index', 'importer'];

/** Formats that can be imported: every file of this folder whose name is a format's. */
export function listFormats(): string[] {
  return readdirSync(dirname(HERE))
    .filter((name) => extname(name) === extname(HERE) && !name.includes('.test.') && !name.endsWith('.d.ts'))
    .map((name) => basename(name, extname(name)))
    .filter((name) => !NOT_IMPORTERS.includes(name))
    .sort();
}

/**
 * The importer of a format, loaded when it is asked for.
 * @throws InputError for an unknown format, with the nearest one.
 */
export async function loadImporter(format: string): Promise<Importer> {
  const formats = listFormats();
  if (!formats.includes(format)) throw unknownName('format', format, formats);
  const url = new URL(`${format}${extname(HERE)}`, pathToFileURL(HERE));
  const module = (await import(/* @vite-ignore */ url.href)) as { readonly importer: Importer };
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
