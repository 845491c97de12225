import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unknownName } from '../input/errors.ts';
import { readTextFile } from '../input/files.ts';
import { packageFolder } from '../input/packageFiles.ts';
import type { YamlSource } from '../input/yaml.ts';
import { readYamlFile } from '../input/yamlFiles.ts';
import type { Machine } from '../sim/types/machine.ts';
import { parseMachine } from './machine.ts';
import { applyVariant, variantIds } from './variants.ts';

/** A machine file read but not yet checked: values may still be set in `data` before it is parsed. */
export interface MachineData {
  /** Plain data of the file, the variant applied. */
  readonly data: Record<string, unknown>;
  readonly file: string;
  readonly text: string;
  /** The same data with places, for `parseMachine`. */
  readonly source: YamlSource;
}

/** A catalogue entry. */
export interface MachineEntry {
  readonly id: string;
  readonly title: string;
  readonly file: string;
  /** Ids of its variants, each asked for as `id/variant`. */
  readonly variants: readonly string[];
}

const catalogue = (): string => join(packageFolder(), 'hardware', 'catalogue');

const EXTENSION = '.yaml';

function catalogueIds(): string[] {
  return readdirSync(catalogue())
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => name.slice(0, -EXTENSION.length))
    .sort();
}

function read(file: string, variant: string | undefined): MachineData {
  const plain = readYamlFile(file);
  const source = variant === undefined ? plain : applyVariant(plain, variant);
  return {
    data: source.value as Record<string, unknown>,
    file,
    get text() {
      return readTextFile(file);
    },
    source,
  };
}

/**
 * The file that `ref` names: a catalogue id (`t4-gcp`), one of its variants (`t4-gcp/slow-disk`) or a path to a file.
 * @throws InputError for an unknown id or variant (with the nearest one), a file that cannot be read, bad YAML.
 */
export function readMachineData(ref: string): MachineData {
  const ids = catalogueIds();
  const [id = '', variant, ...rest] = ref.split('/');
  if (ids.includes(id) && rest.length === 0) return read(join(catalogue(), id + EXTENSION), variant);
  if (/\.ya?ml$/.test(ref) || (ref.includes('/') && existsSync(ref))) return read(ref, undefined);
  throw unknownName('machine', ref.includes('/') && rest.length === 0 ? id : ref, ids);
}

/** The machine that `ref` names. Throws as `readMachineData` and `parseMachine` do. */
export function loadMachine(ref: string): Machine {
  return parseMachine(readMachineData(ref).source);
}

/** The machines of the catalogue by id, with the ids of their variants. */
export function listMachines(): MachineEntry[] {
  return catalogueIds().map((name) => {
    const { data, file } = readMachineData(name);
    return { id: String(data['id'] ?? name), title: String(data['title'] ?? ''), file, variants: variantIds(data) };
  });
}
