import * as v from 'valibot';
import { parseMachine } from '../hardware/machine.ts';
import {
  type Assignment,
  applyAssignments,
  getPath,
  InputError,
  isMap,
  parsePath,
  validate,
  type YamlSource,
} from '../input/index.ts';
import { checkKv, type KvSpec, type Preset, policySchema, resolvePreset } from '../policies/index.ts';
import type { Machine } from '../sim/types/index.ts';
import type { AgentFields } from '../workloads/agent/schema.ts';
import { turnsOf } from '../workloads/agent/turns.ts';
import { workloadSchema } from '../workloads/schema.ts';
import { canonicalJson } from './canonical.ts';
import { caseOf, type ReadRows, readDocument, type StudyDocument } from './cases.ts';
import type { Claim } from './claims.ts';
import { machineField } from './schema.ts';

/**
 * From a study, a case and `--set`s to what is simulated.
 * @module
 */

/** Where machines are looked up. In a browser this is a bundle, on a computer hardware/load.ts. */
export interface MachineCatalogue {
  /** The machine file behind an id, `id/variant` or a path, with the variant applied. */
  machineData(ref: string): YamlSource;
  /** The machine that this file describes, the same object for the same ref. */
  machine(ref: string): Machine;
  /** The KV preset behind an id or a path. */
  preset(ref: string): Preset;
}

const partsSchema = v.strictObject({
  machine: machineField,
  workload: workloadSchema,
  policy: v.exactOptional(policySchema),
});
export type Parts = v.InferOutput<typeof partsSchema>;
const PARTS = Object.keys(partsSchema.entries);

/** One case, ready to run. Everything but `machine` is plain data. */
export interface ResolvedCase {
  readonly study: string;
  readonly case: string;
  readonly title: string;
  readonly seed: number;
  /** What is run, validated: units read, defaults filled in. */
  readonly parts: Parts;
  readonly machine: Machine;
  /** The KV policy with its values; null keeps everything. */
  readonly kv: KvSpec | null;
  /** Empty when something changed that the figures were not published for. */
  readonly claims: readonly Claim[];
  readonly warnings: readonly string[];
}

export interface ResolveOptions {
  readonly catalogue: MachineCatalogue;
  /** `--set`s, in order. */
  readonly sets?: readonly Assignment[];
  /** Overrides the study's own. */
  readonly seed?: number;
}

const isPart = (assignment: Assignment): boolean => PARTS.includes(String(assignment.path[0]));

/** The study with the `--set`s that reach its frame (title, seed, claims, cases, figures) applied. */
export function withFrameSets(study: StudyDocument, sets: readonly Assignment[], readRows: ReadRows): StudyDocument {
  const frameSets = sets.filter((assignment) => !isPart(assignment));
  if (frameSets.length === 0) return study;
  return readDocument(study.name, applyAssignments(study.source, frameSets), readRows);
}

/**
 * The case with its own `set` and then every `--set` applied in order, validated once.
 * @throws InputError at the file or flag that holds the mistake.
 */
export function resolveCase(study: StudyDocument, caseId: string, options: ResolveOptions): ResolvedCase {
  const chosen = caseOf(study, caseId);
  const own = Object.entries(chosen.set).map(([path, value]): Assignment => {
    return { path: parsePath(path, chosen.at).path, value, from: `${chosen.at}, set ${path}` };
  });
  const outside = own.find((assignment) => !isPart(assignment));
  if (outside) {
    const problem = `a case cannot set ${JSON.stringify(String(outside.path[0]))}`;
    throw new InputError({
      code: 'bad_path',
      problem,
      expected: `a path in ${PARTS.join(', ')}`,
      place: { file: outside.from },
    });
  }
  const sets = (options.sets ?? []).filter(isPart);
  const asPublished = applyInOrder(partsOf(study.source), own, options.catalogue);
  const source = applyInOrder(asPublished, sets, options.catalogue);
  const parts = validate(partsSchema, source);
  const ref = parts.machine;
  const machine =
    typeof ref === 'string'
      ? atMachine(source, () => options.catalogue.machine(ref))
      : parseMachine(source, ['machine']);
  const reason = whyNoClaims(own, canonicalJson(asPublished.value) !== canonicalJson(source.value));
  const dropped = reason !== null && chosen.claims.length > 0;
  return {
    study: study.name,
    case: chosen.id,
    title: study.frame.title,
    seed: options.seed ?? study.frame.seed ?? 0,
    parts,
    machine,
    kv: kvOf(parts, machine, source, options.catalogue),
    claims: reason === null ? chosen.claims : [],
    warnings: dropped ? [`the claims of this case are left out: ${reason}`] : [],
  };
}

/** The KV policy that the case asks for, checked against its workload and machine. */
function kvOf(
  { policy, workload }: Parts,
  machine: Machine,
  source: YamlSource,
  catalogue: MachineCatalogue,
): KvSpec | null {
  const fields = policy?.kv;
  if (fields === undefined || fields.preset === 'full') {
    const extra = Object.keys(fields ?? {}).find((key) => key !== 'preset');
    if (extra === undefined) return null;
    const problem = `preset "full" has no parameter ${JSON.stringify(extra)}`;
    throw new InputError({ code: 'unknown_key', problem, place: source.place(['policy', 'kv', extra], 'key') });
  }
  if (workload.kind !== 'generate' && workload.kind !== 'agent') {
    const problem = `a workload of kind ${workload.kind} has no KV cache`;
    throw new InputError({ code: 'bad_value', problem, place: source.place(['policy', 'kv'], 'key') });
  }
  const given = getPath(source.value, ['policy', 'kv']);
  const place = (key: string) =>
    isMap(given) && Object.hasOwn(given, key) ? source.place(['policy', 'kv', key]) : undefined;
  const preset = atPlace(source, ['policy', 'kv', 'preset'], () => catalogue.preset(fields.preset));
  const spec = resolvePreset(preset, fields, place, (id) => catalogue.preset(id));
  checkKv(spec, workload.kind === 'agent' ? longest(workload) : workload, machine, place);
  return spec;
}

/** The longest prompt of an agent's turns, with the output it gets. */
function longest(fields: AgentFields): { readonly prompt: number; readonly output: number } {
  const calls = turnsOf(fields).flatMap((turn) => turn.calls);
  return calls.reduce((most, call) => (call.prompt > most.prompt ? call : most), { prompt: 1, output: 1 });
}

/** Claims hold for a machine or one of its variants, and for the workload and policy they were published for. */
function whyNoClaims(own: readonly Assignment[], changed: boolean): string | null {
  const hardware = own.find(({ path, value }) => {
    return path[0] === 'machine' && (path.length > 1 || typeof value !== 'string');
  });
  if (hardware) return 'the case changes the hardware, so it is a what-if';
  return changed ? 'what they were published for has been changed' : null;
}

/** The parts alone, so that a mistake elsewhere in the study is not reported twice. */
function partsOf(source: YamlSource): YamlSource {
  const root = isMap(source.value) ? source.value : {};
  return {
    ...source,
    value: Object.fromEntries(PARTS.filter((key) => Object.hasOwn(root, key)).map((key) => [key, root[key]])),
  };
}

/** Applies assignments one by one; the first that reaches into a machine writes its file into the study. */
function applyInOrder(source: YamlSource, assignments: readonly Assignment[], catalogue: MachineCatalogue): YamlSource {
  return assignments.reduce((before, assignment) => {
    const reaches = assignment.path[0] === 'machine' && assignment.path.length > 1;
    if (!reaches) return applyAssignments(before, [assignment]);
    const inline = withMachineInline(before, catalogue);
    return applyAssignments(inline, [assignment, ...ownSource(inline, assignment)]);
  }, source);
}

/** A number that the machine file does not have is a what-if whose source is the assignment itself. */
function ownSource({ value }: YamlSource, { path, from }: Assignment): Assignment[] {
  const around = path.slice(0, -1);
  const key = path.at(-1)!;
  const map = getPath(value, around);
  const sources = getPath(value, [...around, 'source']);
  if (!isMap(map) || !isMap(sources) || Object.hasOwn(map, key) || Object.hasOwn(sources, 'default')) return [];
  return [{ path: [...around, 'source', key], value: `set by ${from}`, from }];
}

function withMachineInline(source: YamlSource, catalogue: MachineCatalogue): YamlSource {
  const ref = getPath(source.value, ['machine']);
  if (typeof ref !== 'string') return source;
  const file = atMachine(source, () => catalogue.machineData(ref));
  return {
    file: source.file,
    value: { ...(source.value as object), machine: file.value },
    place: (path, part) => (path[0] === 'machine' ? file.place(path.slice(1), part) : source.place(path, part)),
  };
}

/** What `read` gives; an error without a place stands where the study names its machine. */
function atMachine<T>(source: YamlSource, read: () => T): T {
  return atPlace(source, ['machine'], read);
}

function atPlace<T>(source: YamlSource, path: readonly string[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof InputError ? error.at(source.place(path)) : error;
  }
}
