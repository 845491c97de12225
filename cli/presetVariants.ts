import { type Assignment, InputError, parseVariation } from '../input/index.ts';
import { listPresets } from '../policies/presets/load.ts';
import type { ResolvedCase } from '../studies/resolve.ts';
import { resolveSelected, type Selection } from './selection.ts';

/** One case under one KV preset. */
export interface PresetVariant {
  readonly label: string;
  readonly resolved: ResolvedCase;
}

export interface PresetVariants {
  /** The full cache first, then the presets in the order asked for. */
  readonly variants: readonly PresetVariant[];
  /** Of `all`, the presets that this case or machine cannot use, with why. */
  readonly refused: readonly { readonly label: string; readonly reason: string }[];
}

/**
 * A case under each of the presets that `text` names: ids and YAML flows between commas, such as
 * `quest,{preset: snapkv, tokens: 1024}`, or `all`.
 * @throws InputError where a preset that was named cannot be used.
 */
export function presetVariants(selection: Selection, caseId: string, text: string): PresetVariants {
  const under = (kv: unknown): ResolvedCase => {
    const assignment: Assignment = { path: ['policy', 'kv'], value: kv, from: '--presets' };
    return resolveSelected({ ...selection, sets: [...selection.sets, assignment] }, caseId);
  };
  const full = { label: 'full', resolved: under({ preset: 'full' }) };
  if (text.trim() !== 'all') {
    const { values } = parseVariation(`policy.kv=${text}`);
    const specs = values.map((value) => (typeof value === 'string' ? { preset: value } : value));
    return { variants: [full, ...specs.map((kv) => ({ label: labelOf(kv), resolved: under(kv) }))], refused: [] };
  }
  const variants: PresetVariant[] = [full];
  const refused: { label: string; reason: string }[] = [];
  for (const id of listPresets()) {
    try {
      variants.push({ label: id, resolved: under({ preset: id }) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused.push({ label: id, reason: error.message });
    }
  }
  return { variants, refused };
}

/** `snapkv`, or `snapkv tokens=1024`. */
function labelOf(kv: unknown): string {
  if (typeof kv !== 'object' || kv === null) return String(kv);
  const { preset, ...params } = kv as Record<string, unknown>;
  return [String(preset), ...Object.entries(params).map(([name, value]) => `${name}=${String(value)}`)].join(' ');
}

/** What a KV policy is for: time, the space and reads of the cache, and what crosses links. */
const KV_METRICS =
  /^(time\.(prefill|decode)_s|throughput\.decode_tokens_per_s|memory\.[^.]+\.(peak_bytes|kv\.end_bytes|kv\.step_read_bytes)|memory\.kv\.step_read_bytes|traffic\..+_bytes|energy\.total_j)$/;

/** The metrics that a comparison of KV policies shows unless told otherwise. */
export const isKvMetric = (name: string): boolean => KV_METRICS.test(name);
