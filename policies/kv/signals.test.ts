import { describe, expect, it } from 'vitest';
import { SIGNALS } from './signals.ts';

describe('picking tokens by a part of the query', () => {
  const shape = { batch: 2, heads: 4, kv_heads: 4, head_dim: 100 } as never;
  const index_bytes = 2 * 2 * 4 * 25 * 1000;
  const scoring = {
    shape,
    signal: { kind: 'speculated_query', group: 1 } as never,
    queries: 1,
    keys: 1000,
    units: 1000,
    kept: 50,
    recent: 0,
    index: { entries: 1000, units: 1000, chosen: 50, width: 0.25, bytes: index_bytes },
  };

  it('launches what InfiniGen does, passes over the scores and copies the whole index with the new entry', () => {
    const cost = SIGNALS['speculated_query']!.cost({ ...scoring, phase: 'decode' });
    expect(cost.launches).toBe(22);
    const scores = 2 * 4 * 1000 * 2;
    const query = 2 * (4 * 100) * (4 * 25);
    // The index is scanned once, read and written once more; scores are written, passed over, and ranked.
    expect(cost.bytes).toBe(3 * index_bytes + 13 * scores + query + 8 * 2 * 4 * 50);
    expect(cost.index_bytes).toBe(index_bytes);
  });

  it('only scans the index in prefill', () => {
    expect(SIGNALS['speculated_query']!.cost({ ...scoring, phase: 'prefill' }).launches).toBeLessThan(5);
  });
});
