import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError, unknownName } from '../input/index.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { readYamlFile } from '../input/yamlFiles.ts';
import { isNetworkSource, type NetworkTable, readNetworkTable } from './cnn/table/read.ts';
import { isModelFile, readModelFile } from './modelFiles/files.ts';
import type { AnyModel, ModelFile } from './models/any.ts';
import { listModels, readModel } from './models/load.ts';
import { parseModel } from './models/model.ts';

const networkFolder = (): string => join(packageFolder(), 'workloads', 'networks');

const isYaml = (name: string): boolean => /\.ya?ml$/.test(name);

let networks: readonly string[] | undefined;

/** Ids of the catalogue's networks, in the order of their names. */
export function listNetworks(): readonly string[] {
  networks ??= readdirSync(networkFolder())
    .filter(isYaml)
    .map((name) => basename(name, '.yaml'))
    .sort();
  return networks;
}

/** Ids of every model of the catalogue, in the order of their names. */
export const listAllModels = (): string[] => [...listModels(), ...listNetworks()].sort();

/** Whether an id or path names a network and no language model. @throws InputError for a YAML file that is neither. */
export function isNetwork(idOrPath: string): boolean {
  if (isModelFile(idOrPath) || listNetworks().includes(idOrPath)) return true;
  return isYaml(idOrPath) && existsSync(idOrPath) && 'kind' in readAnyModel(idOrPath);
}

const cache = new Map<string, NetworkTable>();
/** Model files by path, size and time, since one run asks for its model several times. */
const modelFiles = new Map<string, ModelFile>();

/** @throws InputError for an id that is none. */
export function readNetwork(id: string): NetworkTable {
  const known = cache.get(id);
  if (known) return known;
  if (!listNetworks().includes(id)) throw unknownName('network', id, listNetworks());
  const file = join(networkFolder(), `${id}.yaml`);
  const table = readNetworkTable(readYamlFile(file, `${id}.yaml`), id);
  cache.set(id, table);
  return table;
}

/**
 * The model of the catalogue with this id, or of the file at this path: YAML, `.tflite` or `.onnx`.
 * @throws InputError for an unknown id (with the nearest one), a file that is not there, or a bad file.
 */
export function readAnyModel(idOrPath: string): AnyModel {
  if (!isYaml(idOrPath) && !isModelFile(idOrPath) && !/[\\/]/.test(idOrPath)) {
    if (listModels().includes(idOrPath)) return readModel(idOrPath);
    if (listNetworks().includes(idOrPath)) return readNetwork(idOrPath);
    throw unknownName('model', idOrPath, listAllModels());
  }
  if (!existsSync(idOrPath) || !statSync(idOrPath).isFile()) {
    throw new InputError({
      code: 'file_missing',
      problem: `there is no model file ${JSON.stringify(idOrPath)}`,
      found: idOrPath,
    });
  }
  if (isModelFile(idOrPath)) {
    const { size, mtimeMs } = statSync(idOrPath);
    const key = `${idOrPath} ${size} ${mtimeMs}`;
    const known = modelFiles.get(key) ?? readModelFile(idOrPath);
    modelFiles.set(key, known);
    return known;
  }
  const source = readYamlFile(idOrPath);
  return isNetworkSource(source) ? readNetworkTable(source, basename(idOrPath, '.yaml')) : parseModel(source);
}
