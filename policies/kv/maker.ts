import type { KvPolicyMaker } from '../../sim/types/index.ts';
import { KvEngine } from './engine.ts';
import type { KvSpec } from './preset.ts';

/** Makes the policy of a spec for any shape. */
export function kvMaker({ fields, illustrative }: KvSpec): KvPolicyMaker {
  const warnings =
    illustrative.length === 0
      ? []
      : [`preset ${fields.id}: no source gives ${illustrative.join(', ')}; the values are illustrative`];
  return (shape) => new KvEngine(fields, shape, warnings);
}
