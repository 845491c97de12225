import { PolicyError } from '../../sim/errors.ts';
import type { KvPolicyMaker } from '../../sim/types/index.ts';
import { KvEngine } from './engine.ts';
import type { KvSpec } from './preset.ts';

/** Makes the policy of a spec for any shape. @throws PolicyError for presets of other things than a KV cache. */
export function kvMaker({ fields, illustrative }: KvSpec): KvPolicyMaker {
  if (fields.of !== 'kv') throw new PolicyError(`preset "${fields.id}" is of ${fields.of}, not of a KV cache`);
  const verify = fields.stages.find(({ rest }) => rest.action === 'verify');
  if (verify !== undefined) throw new PolicyError(`preset "${fields.id}" acts on requests, which generate has not`);
  const warnings =
    illustrative.length === 0
      ? []
      : [`preset ${fields.id}: no source gives ${illustrative.join(', ')}; the values are illustrative`];
  return (shape) => new KvEngine(fields, shape, warnings);
}
