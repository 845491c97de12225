import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { policySchema, precisionOf } from './index.ts';

const of = (policy: object) => precisionOf(v.parse(policySchema, policy));
const percent = { kind: 'percent', weights: [100, 0], kv: [100, 0], activations: [100, 0] };

describe('weight kernels', () => {
  it('are those of the runtime: a resident model reads what is stored, FlexGen expands', () => {
    expect(of({}).weight_kernels).toBe('fused');
    expect(of({ precision: { weight_bits: 4 } }).weight_kernels).toBe('fused');
    expect(of({ placement: percent, precision: { weight_bits: 4 } }).weight_kernels).toBe('expanded');
  });

  it('may expand anywhere, and are refused as fused where the runtime has no such kernel', () => {
    expect(of({ precision: { weight_kernels: 'expanded' } }).weight_kernels).toBe('expanded');
    const asked = { placement: percent, precision: { weight_bits: 4, weight_kernels: 'fused' } };
    expect(() => of(asked)).toThrow(/placement percent expands weights.*placement resident or hot-cold/);
  });
});
