import * as v from 'valibot';
import {
  InputError,
  isMap,
  nearestName,
  oneOf,
  type Place,
  quote,
  unknownName,
  validate,
  type YamlSource,
} from '../../input/index.ts';
import { type ParamFields, type PresetFields, presetSchema } from './schema.ts';
import { SIGNAL_FIELDS, SIGNALS } from './signals.ts';

/**
 * From a preset file and the user's parameters to one policy.
 * @module
 */

/** A preset file as read: parameters not yet in place. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly params: Readonly<Record<string, ParamFields>>;
  readonly source: YamlSource;
}

/** What the user writes under `policy.kv`. */
export type KvFields = Readonly<Record<string, unknown>> & { readonly preset: string };

/** Where a field of `policy.kv` stands. */
export type KvPlace = (key: string) => Place | undefined;

/** A policy with its values, and those that no source gives. */
export interface KvSpec {
  readonly fields: PresetFields;
  readonly illustrative: readonly string[];
}

const headSchema = v.looseObject({
  id: v.string(),
  title: v.string(),
  params: v.optional(v.record(v.string(), v.unknown()), {}),
});

/** The head of a preset file; its values are checked when parameters are in place. */
export function parsePreset(source: YamlSource): Preset {
  const { id, title } = validate(headSchema, source);
  const params = validate(v.optional(presetSchema.entries.params, {}), source, ['params']);
  return { id, title, params: params as Preset['params'], source };
}

/**
 * The policy that a preset gives with these parameters. `read` finds the preset it is composed with.
 * @throws InputError at the user's line for a field that is no parameter, a value out of its range, or one that is
 * missing; at the preset's line for a value that cannot be read, an unknown signal, or stages that contradict
 * themselves.
 */
export function resolvePreset(preset: Preset, fields: KvFields, place: KvPlace, read: (id: string) => Preset): KvSpec {
  const base = composedWith(preset, fields, place, read);
  const params = { ...(base?.params ?? {}), ...preset.params };
  for (const key of Object.keys(fields)) {
    if (key === 'preset' || Object.hasOwn(params, key)) continue;
    const problem = `preset ${quote(preset.id)} has no parameter ${quote(key)}`;
    const names = Object.keys(params);
    const expected = names.length === 0 ? 'no field beside `preset`' : oneOf(names);
    throw withPlace(
      new InputError({ code: 'unknown_key', problem, expected, nearest: nearestName(key, names) }),
      place(key),
    );
  }
  const values = new Map<string, unknown>();
  for (const [name, param] of Object.entries(params))
    values.set(name, parameterValue(preset.id, name, param, fields[name], place));
  const own = readFields(preset, values);
  const before = base === null ? null : readFields(base, values);
  const merged: PresetFields = before === null ? own : compose(before, own);
  checkStages(merged, preset);
  return { fields: merged, illustrative: illustrativeOf(merged, params, fields, before) };
}

/** The preset whose stages run first: named in the file, or by the parameter that the file names; `full` is none. */
function composedWith(preset: Preset, fields: KvFields, place: KvPlace, read: (id: string) => Preset): Preset | null {
  const written = isMap(preset.source.value) ? preset.source.value['compose_with'] : undefined;
  if (typeof written !== 'string') return null;
  const key = written.startsWith('$') ? written.slice(1) : undefined;
  const given = key === undefined ? undefined : fields[key];
  const name = key === undefined ? written : (given ?? preset.params[key]?.default);
  // A parameter of another type, or one that is not there, is refused with the others.
  if (typeof name !== 'string' || name === 'full') return null;
  try {
    return read(name);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const at = given === undefined ? preset.source.place(['compose_with']) : place(key!);
    throw withPlace(error, at);
  }
}

/** Stages of the base first; what the other says of layout, index and fetch wins. */
function compose(base: PresetFields, own: PresetFields): PresetFields {
  return {
    ...own,
    stages: [...base.stages, ...own.stages],
    ...((own.index ?? base.index) ? { index: own.index ?? base.index } : {}),
    ...((own.fetch ?? base.fetch) ? { fetch: own.fetch ?? base.fetch } : {}),
    illustrative: [...base.illustrative, ...own.illustrative],
    caveats: [...base.caveats, ...own.caveats],
  } as PresetFields;
}

function parameterValue(preset: string, name: string, param: ParamFields, given: unknown, place: KvPlace): unknown {
  const value = given ?? param.default;
  const refuse = (code: 'missing_key' | 'out_of_range' | 'wrong_type', problem: string, expected: string): never => {
    throw withPlace(
      new InputError({ code, problem, found: JSON.stringify(value), expected }),
      place(given === undefined ? 'preset' : name),
    );
  };
  if (value === undefined) {
    refuse(
      'missing_key',
      `preset ${quote(preset)} needs ${quote(name)}, which no source gives`,
      `${name}: ${param.description}`,
    );
  }
  if (given !== undefined && param.default !== undefined && typeof given !== typeof param.default) {
    refuse(
      'wrong_type',
      `${quote(name)} of preset ${quote(preset)} is no ${typeof param.default}`,
      `a ${typeof param.default}`,
    );
  }
  if (typeof value === 'number') {
    const { min = 0, max = Number.POSITIVE_INFINITY } = param;
    if (!Number.isFinite(value) || value < min || value > max) {
      const range = Number.isFinite(max) ? `${min} to ${max}` : `at least ${min}`;
      refuse('out_of_range', `${quote(name)} of preset ${quote(preset)} is ${value}`, range);
    }
  }
  return value;
}

function withPlace(error: InputError, place: Place | undefined): InputError {
  return place === undefined ? error : error.at(place);
}

function readFields({ source }: Preset, values: ReadonlyMap<string, unknown>): PresetFields {
  const filled = (value: unknown, path: readonly (string | number)[]): unknown => {
    if (typeof value === 'string' && value.startsWith('$')) {
      if (values.has(value.slice(1))) return values.get(value.slice(1));
      const known = [...values.keys()].map((name) => `$${name}`);
      throw unknownName('parameter', value, known, source.place(path));
    }
    if (Array.isArray(value)) return value.map((inner, i) => filled(inner, [...path, i]));
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key === 'params' ? inner : filled(inner, [...path, key])]),
    );
  };
  return validate(presetSchema, { ...source, value: filled(source.value, []) });
}

/** Shapes of budgets that differ by layer. */
const UNEVEN: ReadonlySet<string> = new Set(['vector', 'pyramid', 'profile', 'variance_rule', 'entropy_variance']);

/** @throws InputError at the preset's line for what contradicts itself. */
function checkStages({ stages, fetch }: PresetFields, { source }: Preset): void {
  const refuse = (index: number, key: string, problem: string, expected: string): never => {
    throw new InputError({ code: 'bad_value', problem, expected, place: source.place(['stages', index, key]) });
  };
  stages.forEach((stage, index) => {
    if (!Object.hasOwn(SIGNALS, stage.signal.kind)) {
      throw unknownName(
        'signal',
        stage.signal.kind,
        Object.keys(SIGNALS),
        source.place(['stages', index, 'signal', 'kind']),
      );
    }
    const { budget, rest, when, every } = stage;
    const amounts = [budget?.tokens, budget?.ratio, budget?.mass].filter((amount) => amount !== undefined).length;
    if (amounts > 1)
      refuse(index, 'budget', 'a budget of tokens, a ratio and a mass at once', 'one of tokens, ratio, mass');
    if (budget?.ratio !== undefined && budget.of === undefined && stage.unit !== 'channel') {
      refuse(index, 'budget', 'a ratio without a base', 'of: prompt, context or total');
    }
    if ((when === 'decode_every_n' || when === 'sentence_end' || when === 'prefill_chunk') && every === undefined) {
      refuse(index, 'when', `${when} without a number of tokens`, 'the key every');
    }
    const { protect, layers } = stage;
    const always = protect.sink + (protect.recent < 1 ? 0 : protect.recent);
    if (budget?.tokens !== undefined && always > budget.tokens) {
      refuse(
        index,
        'budget',
        `a budget of ${budget.tokens} tokens below the ${always} that are protected`,
        `at least ${always} tokens`,
      );
    }
    if (layers !== undefined && layers[0] >= layers[1]) {
      refuse(
        index,
        'layers',
        `layers from ${layers[0]} to ${layers[1]}, which is none`,
        'two ascending shares of the depth',
      );
    }
    for (const field of SIGNAL_FIELDS) {
      const { kind } = stage.signal;
      if (stage.signal[field] === undefined || SIGNALS[kind]!.fields.includes(field)) continue;
      const own = SIGNALS[kind]!.fields;
      const expected = own.length === 0 ? 'no field beside kind, agg and group' : oneOf(own);
      refuse(index, 'signal', `signal ${quote(kind)} does not read ${quote(field)}`, expected);
    }
    if (stage.of !== 'kv' && stage.unit !== 'channel') {
      const expected = 'unit: channel, or bits and ranks of each in rest (k_bits, v_bits, k_rank, v_rank)';
      refuse(index, 'of', `${stage.of} alone of a ${stage.unit}, which is kept whole`, expected);
    }
    if (budget !== undefined && UNEVEN.has(budget.shape) && budget.first === undefined && budget.vector === undefined)
      refuse(index, 'budget', `a budget of shape ${budget.shape} without weights`, 'first and last, or vector');
    if (rest.action === 'quantise' && (rest.bits ?? rest.k_bits ?? rest.v_bits) === undefined)
      refuse(index, 'rest', 'quantised to no width', 'bits in rest');
    if (rest.action === 'demote' && rest.tier === undefined)
      refuse(index, 'rest', 'demoted to no tier', 'a tier in rest: host, storage or near');
  });
  if (fetch !== undefined && stages.length > 0 && !stages.some(({ rest }) => rest.action === 'demote')) {
    throw new InputError({
      code: 'bad_value',
      problem: 'a fetch from a tier that no stage moves anything to',
      expected: 'a stage whose rest is {action: demote, tier: …}, or no fetch',
      place: source.place(['fetch']),
    });
  }
  if (fetch !== undefined && fetch.tokens !== undefined && fetch.ratio !== undefined) {
    const problem = 'a fetch of tokens and of a ratio at once';
    throw new InputError({
      code: 'bad_value',
      problem,
      expected: 'one of tokens, ratio',
      place: source.place(['fetch']),
    });
  }
}

/** Paths in the preset and parameters left at a default that no source gives. */
function illustrativeOf(
  fields: PresetFields,
  params: Preset['params'],
  given: KvFields,
  base: PresetFields | null,
): string[] {
  const names = Object.entries(params)
    .filter(([name, param]) => param.illustrative && given[name] === undefined)
    .map(([name]) => name);
  return [...new Set([...(base?.illustrative ?? []), ...fields.illustrative, ...names])];
}
