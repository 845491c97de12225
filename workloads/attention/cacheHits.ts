/**
 * Share of touches that a cache answers when its users come back in turn to `set_bytes` together and the line to replace is
 * chosen at random: (1 - h) W / C misses fall between two touches of a line, for W bytes of a cache of C, and it survives
 * each with the probability 1 - 1 / lines, so h = exp(-(1 - h) W / C), of which the smaller root holds. If the least
 * recently used line went instead, it would always be the next one needed, and h = 0 as soon as W > C.
 *
 * The measured curve of an A100 is of this kind (gpu-benches 1038c5d, gpu-l2-cache, 32 sizes up to 160 MB, all
 * multiprocessors reading everything): within 10 % for C = 23 MiB of its 40, since each half of the cache serves its own
 * multiprocessors (NVIDIA A100 whitepaper) and keeps its copy of what both read. Data of one thread block has one copy.
 */
export function cacheHits(set_bytes: number, cache_bytes: number): number {
  if (set_bytes <= cache_bytes) return 1;
  if (cache_bytes === 0) return 0;
  const ratio = set_bytes / cache_bytes;
  let hits = 0;
  for (let step = 0; step < 64; step++) {
    const missed = Math.exp(-(1 - hits) * ratio);
    const next = hits + (missed - hits) / (1 - ratio * missed);
    if (Math.abs(next - hits) < 1e-12) return next;
    hits = next;
  }
  return hits;
}
