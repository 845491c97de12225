import * as v from 'valibot';
import {
  InputError,
  isMap,
  oneOf,
  type Place,
  quote,
  unknownName,
  validate,
  type YamlSource,
} from '../../input/index.ts';
import { type ParamFields, type PresetFields, presetSchema } from './schema.ts';
import { SIGNALS } from './signals.ts';

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
  const base = composedWith(preset, read);
  const params = { ...(base?.params ?? {}), ...preset.params };
  for (const key of Object.keys(fields)) {
    if (key === 'preset' || Object.hasOwn(params, key)) continue;
    const problem = `preset ${quote(preset.id)} has no parameter ${quote(key)}`;
    const names = Object.keys(params);
    const expected = names.length === 0 ? 'no field beside `preset`' : oneOf(names);
    throw withPlace(new InputError({ code: 'unknown_key', problem, expected }), place(key));
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

function composedWith(preset: Preset, read: (id: string) => Preset): Preset | null {
  const name = isMap(preset.source.value) ? preset.source.value['compose_with'] : undefined;
  return typeof name === 'string' ? read(name) : null;
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
      refuse('out_of_range', `${quote(name)} of preset ${quote(preset)} is out of range`, `${min} to ${max}`);
    }
  }
  return value;
}

function withPlace(error: InputError, place: Place | undefined): InputError {
  return place === undefined ? error : error.at(place);
}

function readFields({ source }: Preset, values: ReadonlyMap<string, unknown>): PresetFields {
  const filled = (value: unknown): unknown => {
    if (typeof value === 'string' && value.startsWith('$')) {
      const name = value.slice(1);
      if (!values.has(name)) throw new InputError(unknownParam(name, [...values.keys()]), ...[]);
      return values.get(name);
    }
    if (Array.isArray(value)) return value.map(filled);
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key === 'params' ? inner : filled(inner)]),
    );
  };
  return validate(presetSchema, { ...source, value: filled(source.value) });
}

const unknownParam = (name: string, known: readonly string[]) => ({
  code: 'unknown_name' as const,
  problem: `$${name} is no parameter of the preset`,
  expected: oneOf(known.map((item) => `$${item}`)),
});

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
    if (rest.action === 'quantise' && rest.bits === undefined) refuse(index, 'rest', 'quantised to no width', 'bits');
    if (rest.action === 'demote' && rest.tier === undefined) refuse(index, 'rest', 'demoted to no tier', 'tier');
  });
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
