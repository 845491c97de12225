import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import * as v from 'valibot';
import { readMachineData } from '../hardware/load.ts';
import { parseMachine } from '../hardware/machine.ts';
import { readTextFile } from '../input/files.ts';
import {
  dataSource,
  InputError,
  nearestName,
  parseYaml,
  readCsv,
  unknownName,
  validate,
  type YamlSource,
} from '../input/index.ts';
import { packageFolder } from '../input/packageFiles.ts';
import { readYamlFile } from '../input/yamlFiles.ts';
import { readPreset } from '../policies/presets/load.ts';
import type { Machine } from '../sim/types/index.ts';
import { readAnyModel } from '../workloads/load.ts';
import { type Baseline, baselineSchema } from './baseline.ts';
import { type ReadRows, readDocument, type StudyDocument } from './cases.ts';
import { parseQuality, type QualitySeries } from './quality.ts';
import type { MachineCatalogue } from './resolve.ts';
import type { ReadModel } from './run.ts';
import { claimOps } from './schema.ts';
import { parseSystems, type System, type SystemStatus } from './systems.ts';
import type { ToleranceRule } from './tolerances.ts';

/**
 * Reads studies, and what they name, from files.
 * @module
 */

let home: string | undefined;
const catalogue = (): string => {
  home ??= join(packageFolder(), 'studies');
  return home;
};

const isYaml = (name: string): boolean => /\.ya?ml$/.test(name);
const withoutEnding = (path: string): string => path.replace(/\.ya?ml$/, '');

/** Ids of the catalogue's studies (`system/case`), in alphabetical order. */
export function listStudies(): string[] {
  const folder = catalogue();
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) =>
      readdirSync(join(folder, entry.name))
        .filter(isYaml)
        .map((name) => `${entry.name}/${withoutEnding(name)}`),
    )
    .sort();
}

/** The file of a catalogue study. */
export function studyFile(id: string): string {
  return join(catalogue(), `${id}.yaml`);
}

/** Every system of the mission, in its order. */
export function readSystems(): readonly System[] {
  const file = join(catalogue(), 'systems.yaml');
  return parseSystems(readYamlFile(file, shownPath(file)));
}

let quality: readonly QualitySeries[] | undefined;

/** Every measured series of scores. */
export function readQuality(): readonly QualitySeries[] {
  const file = join(catalogue(), 'quality.yaml');
  quality ??= parseQuality(readYamlFile(file, shownPath(file)));
  return quality;
}

/** How near each system's studies came, by id, when they were last all run (`npx vitest run tests/docs -u` runs them). */
export function readSystemStatuses(): Readonly<Record<string, SystemStatus>> {
  return readJson(join(catalogue(), 'systems.json')) as Readonly<Record<string, SystemStatus>>;
}

/**
 * The study that `ref` names: an id of the catalogue, a path, or `-` for standard input.
 * @throws InputError for an unknown id (with the nearest one), or a bad file.
 */
export function readStudy(ref: string): StudyDocument {
  if (ref === '-') return readDocument('stdin', parseYaml(readTextFile('-'), 'stdin'), rowsBeside('.'));
  const known = listStudies();
  const id = withoutEnding(ref);
  const path = known.includes(id) && !existsSync(ref) ? studyFile(id) : ref;
  if (!existsSync(path) && !isYaml(ref)) throw unknownName('study', ref, known, undefined, nearestStudy(ref, known));
  const source = readYamlFile(path, shownPath(path));
  return readDocument(studyName(path), source, rowsBeside(dirname(path)));
}

/** The study most likely meant; of a system alone, its first. */
function nearestStudy(ref: string, known: readonly string[]): string | undefined {
  const system = nearestName(ref, systemsOf(known));
  return nearestName(ref, known) ?? known.find((id) => id.startsWith(`${system}/`));
}

const systemsOf = (known: readonly string[]): string[] => [...new Set(known.map((id) => id.split('/')[0]!))];

/**
 * The studies that `refs` name, each once; a system (`flexgen`) or a folder stands for all of its own, and no ref for
 * the whole catalogue.
 */
export function readStudies(refs: readonly string[]): StudyDocument[] {
  const all = listStudies();
  const chosen = refs.length === 0 ? all : refs.flatMap((ref) => expand(ref, all));
  return [...new Set(chosen)].map(readStudy);
}

function expand(ref: string, all: readonly string[]): string[] {
  const prefix = `${ref.replace(/\/+$/, '')}/`;
  const own = all.filter((id) => id.startsWith(prefix));
  if (own.length > 0 && !existsSync(ref)) return own;
  if (existsSync(ref) && statSync(ref).isDirectory()) {
    const files = readdirSync(ref).filter(isYaml).sort();
    if (files.length === 0) {
      const problem = 'this folder holds no study';
      throw new InputError({ code: 'file_missing', problem, expected: 'YAML files', place: { file: ref } });
    }
    return files.map((name) => join(ref, name));
  }
  // A study's own name is what was meant wherever one is as near.
  const system = existsSync(ref) || isYaml(ref) || all.includes(ref) ? undefined : nearestName(ref, systemsOf(all));
  if (system !== undefined) throw unknownName('study', ref, all, undefined, nearestName(ref, all) ?? system);
  return [ref];
}

/** `system/case` inside the catalogue; elsewhere the path as given, without its ending. */
function studyName(path: string): string {
  const inside = relative(catalogue(), path);
  const name = inside.startsWith('..') || isAbsolute(inside) ? path : inside;
  return withoutEnding(name.split(sep).join('/')).replace(/^\.\//, '');
}

/** The path as messages give it: relative where that is shorter. */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return isAbsolute(path) && short.length < path.length && short !== '' ? short : path;
}

function rowsBeside(folder: string): ReadRows {
  return (file, columns) => {
    const path = isAbsolute(file) ? file : join(folder, file);
    return readCsv(readTextFile(path), { file: shownPath(path), required: columns, extra: true });
  };
}

/** A path that a study names is relative to the study; ids and other paths are left as they are. */
function beside(folder: string, ref: string): string {
  const path = join(folder, ref);
  return /\.(ya?ml|tflite|onnx)$/i.test(ref) && !isAbsolute(ref) && existsSync(path) ? path : ref;
}

export interface StudyFiles {
  readonly catalogue: MachineCatalogue;
  readonly readModel: ReadModel;
  readonly readQuality: () => readonly QualitySeries[];
  readonly readRows: ReadRows;
  /** The text of a file that a workload names, relative to the study. */
  readonly readText: (file: string) => string;
  /** Outside data that is not here and how to get it, as a sentence; null when all is. */
  readonly missingData: (study: StudyDocument) => string | null;
}

function remember<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}

/** Where the machines, models and data files that the study of this file names are found. */
export function filesBeside(studyFile: string): StudyFiles {
  const folder = dirname(studyFile);
  const sources = new Map<string, YamlSource>();
  const machines = new Map<string, Machine>();
  const machineData = (ref: string): YamlSource =>
    remember(sources, ref, () => readMachineData(beside(folder, ref)).source);
  return {
    catalogue: {
      machineData,
      machine: (ref) => remember(machines, ref, () => parseMachine(machineData(ref))),
      preset: (ref) => readPreset(beside(folder, ref)),
    },
    readModel: (ref) => readAnyModel(beside(folder, ref)),
    readQuality,
    readRows: rowsBeside(folder),
    readText: (file) => readTextFile(isAbsolute(file) ? file : join(folder, file), { maxBytes: MAX_TRACE_BYTES }),
    missingData: ({ frame }) => {
      const missing = (frame.data ?? []).filter(
        ({ file }) => !existsSync(isAbsolute(file) ? file : join(folder, file)),
      );
      if (missing.length === 0) return null;
      return missing.map(({ file, get }) => `${file} is not here; ${get}`).join('. ');
    },
  };
}

const tolerancesSchema = v.strictObject({
  rules: v.array(
    v.strictObject({
      ops: v.array(v.picklist(claimOps)),
      metrics: v.string(),
      tolerance: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
      reason: v.pipe(v.string(), v.minLength(1)),
    }),
  ),
});

/** The rules of studies/tolerances.yaml. */
export function readTolerances(): readonly ToleranceRule[] {
  const file = join(catalogue(), 'tolerances.yaml');
  return validate(tolerancesSchema, readYamlFile(file, shownPath(file))).rules;
}

/** The largest trace that is read whole. */
const MAX_TRACE_BYTES = 256 * 1024 * 1024;

/** The largest JSON file that is read. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/**
 * The data of a JSON file that this program wrote.
 * @throws InputError where it cannot be read or is no JSON.
 */
export function readJson(file: string): unknown {
  const text = readTextFile(file, { maxBytes: MAX_JSON_BYTES });
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = `this is no JSON: ${error instanceof Error ? error.message : error}`;
    throw new InputError({ code: 'bad_value', problem, place: { file } });
  }
}

/**
 * A baseline file.
 * @throws InputError where it is not one.
 */
export function readBaseline(file: string): Baseline {
  return validate(baselineSchema, dataSource(readJson(file), file));
}
