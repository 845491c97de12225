import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unknownName } from '../../input/index.ts';
import { packageFolder } from '../../input/packageFiles.ts';
import { readYamlFile } from '../../input/yamlFiles.ts';
import { type Preset, parsePreset } from '../kv/index.ts';

const catalogueDirectory = (): string => join(packageFolder(), 'policies', 'presets');

const isYaml = (name: string): boolean => name.endsWith('.yaml');

/** Ids of the catalogue's presets, in the order of their names. */
export function listPresets(): string[] {
  return readdirSync(catalogueDirectory())
    .filter(isYaml)
    .map((name) => basename(name, '.yaml'))
    .sort();
}

const cache = new Map<string, Preset>();

/**
 * The preset of the catalogue with this id, or of the YAML file at this path.
 * @throws InputError for an unknown id (with the nearest one) or a bad file.
 */
export function readPreset(idOrPath: string): Preset {
  const known = cache.get(idOrPath);
  if (known) return known;
  const isPath = isYaml(idOrPath) || /[\\/]/.test(idOrPath);
  if (!isPath && !listPresets().includes(idOrPath)) throw unknownName('preset', idOrPath, ['full', ...listPresets()]);
  const file = isPath ? idOrPath : join(catalogueDirectory(), `${idOrPath}.yaml`);
  const preset = parsePreset(readYamlFile(file, isPath ? file : `${idOrPath}.yaml`));
  if (!isPath) cache.set(idOrPath, preset);
  return preset;
}
