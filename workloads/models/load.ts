import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { unknownName } from '../../input/index.ts';
import { packageFolder } from '../../input/packageFiles.ts';
import { readYamlFile } from '../../input/yamlFiles.ts';
import { type Model, parseModel } from './model.ts';

const catalogueDirectory = (): string => join(packageFolder(), 'workloads', 'models');

const isYaml = (name: string): boolean => name.endsWith('.yaml');

/** Ids of the catalogue's models, in the order of their names. */
export function listModels(): string[] {
  return readdirSync(catalogueDirectory())
    .filter(isYaml)
    .map((name) => basename(name, '.yaml'))
    .sort();
}

const cache = new Map<string, Model>();

/**
 * The model of the catalogue with this id, or of the YAML file at this path (a name with a slash or ending in `.yaml`).
 * @throws InputError for an unknown id (with the nearest one), a file that is not there, or a bad file.
 */
export function readModel(idOrPath: string): Model {
  const known = cache.get(idOrPath);
  if (known) return known;
  const isPath = isYaml(idOrPath) || /[\\/]/.test(idOrPath);
  if (!isPath && !listModels().includes(idOrPath)) throw unknownName('model', idOrPath, listModels());
  const file = isPath ? idOrPath : join(catalogueDirectory(), `${idOrPath}.yaml`);
  const model = parseModel(readYamlFile(file, isPath ? file : `${idOrPath}.yaml`));
  if (!isPath) cache.set(idOrPath, model);
  return model;
}
