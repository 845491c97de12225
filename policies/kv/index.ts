import * as v from 'valibot';
import { InputError, quote } from '../../input/index.ts';
import type { Machine, Role } from '../../sim/types/index.ts';
import type { KvPlace, KvSpec } from './preset.ts';
import { presetSchema } from './schema.ts';

/** What the check needs to know of the workload. */
export interface KvLengths {
  readonly prompt: number;
  readonly output: number;
}

/**
 * Refuses what the preset cannot do here: a budget above the context, a tier that the machine lacks.
 * @throws InputError at the user's line.
 */
export function checkKv({ fields }: KvSpec, { prompt, output }: KvLengths, machine: Machine, place: KvPlace): void {
  const context = prompt + output;
  const refuse = (key: string, problem: string, expected: string): never => {
    const error = new InputError({ code: 'bad_value', problem, expected });
    const at = place(key) ?? place('preset');
    throw at === undefined ? error : error.at(at);
  };
  const cache = 'a preset of a KV cache (tierflow list presets)';
  if (fields.of !== 'kv') refuse('preset', `preset ${quote(fields.id)} is of ${fields.of}, not of a KV cache`, cache);
  if (fields.stages.some(({ rest }) => rest.action === 'verify')) {
    // What a draft costs follows from the two models' own calls: their contexts, tokens and how often.
    const calls = `${cache}, or a workload of kind agent whose calls are the drafts and their verifications`;
    refuse('preset', `preset ${quote(fields.id)} says how requests are answered, not what of a cache is kept`, calls);
  }
  const tiers = new Set<Role>();
  for (const { budget, rest, protect } of fields.stages) {
    const key = budget?.tokens === undefined ? 'preset' : 'tokens';
    if (budget?.tokens !== undefined && budget.tokens > context) {
      refuse(key, `a budget of ${budget.tokens} tokens above the context of ${context}`, `at most ${context} tokens`);
    }
    if ((protect.recent ?? 0) > context) {
      refuse('recent', `${protect.recent} protected tokens in a context of ${context}`, `at most ${context} tokens`);
    }
    if (rest.tier !== undefined) tiers.add(rest.tier);
  }
  if (fields.fetch !== undefined) tiers.add(fields.fetch.from).add(fields.fetch.to);
  if (fields.index !== undefined) tiers.add(fields.index.tier);
  if (fields.reuse !== undefined) tiers.add(fields.reuse.from);
  for (const tier of tiers) {
    const needs = `preset ${quote(fields.id)} needs a ${tier} memory`;
    if (machine.roles[tier] === undefined) {
      refuse('preset', `${needs}, which machine ${quote(machine.id)} has not`, `a machine with the role ${tier}`);
    }
    if (tier !== 'fast' && machine.roles[tier] === machine.roles.fast) {
      const problem = `${needs} apart from the fast one, and machine ${quote(machine.id)} has one memory for both`;
      refuse('preset', problem, `a machine whose ${tier} memory is another one`);
    }
  }
}

/** A cache that keeps everything. */
const FULL = {
  id: 'full',
  title: 'Full cache',
  source: 'the transformer itself',
  does: 'Keeps the keys and values of every token.',
};

/**
 * The policy with a share of the prompt whose keys and values are there already, on the memory of a role.
 */
export function withStoredPrefix(spec: KvSpec | null, ratio: number, from: Role): KvSpec {
  const fields = spec?.fields ?? v.parse(presetSchema, FULL);
  return {
    fields: { ...fields, reuse: { ratio, recompute: 0, from, overlap: 'none' } },
    illustrative: spec?.illustrative ?? [],
  };
}

export { type KvFields, type KvPlace, type KvSpec, type Preset, parsePreset, resolvePreset } from './preset.ts';
export { presetSchema } from './schema.ts';
export { SIGNALS } from './signals.ts';
