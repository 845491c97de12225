import type { Metrics, Program } from '../sim/types/index.ts';

/**
 * What attention reads of the cache in the first decode step: bytes of all layers and one batch, and keys that one query
 * head is compared with, a mean over layers. Both count keys and values of the tokens it is given and the index that
 * chose them. Sparse attention keeps every token, so what it saves is here and not in the cache. Empty for a program
 * without a cache.
 */
export function kvReads(program: Program): Metrics {
  let bytes = 0;
  let keys = 0;
  let layers = 0;
  for (const { repeat, ops } of program.segments()) {
    for (const { phase, step, batch, state } of ops) {
      if (phase !== 'decode' || state === null || batch > 0) continue;
      if (step > 1) return reads(bytes, keys, layers);
      bytes += repeat * (2 * state.read_tokens * state.bytes_per_token + (state.use?.index_read_bytes ?? 0));
      keys += repeat * (state.read_tokens + (state.use?.index_read_keys ?? 0));
      layers += repeat;
    }
  }
  return reads(bytes, keys, layers);
}

const reads = (bytes: number, keys: number, layers: number): Metrics =>
  layers === 0 ? {} : { 'memory.kv.step_read_bytes': bytes, 'compute.step_keys': keys / layers };
