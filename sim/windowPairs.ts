/**
 * Share (0 to 1) of the causal pairs of `tokens` new queries and the keys up to their own, after `before` earlier tokens, that
 * a window of `window` tokens leaves: query i of n sees min(before + i, w). 1 for one query, and for no window at all.
 */
export function windowPairShare(tokens: number, before: number, window: number): number {
  if (tokens === 1 || window === 0) return 1;
  const rising = Math.max(0, Math.min(tokens, window - before));
  const pairs = rising * before + (rising * rising) / 2 + (rising < tokens ? (tokens - rising) * window : 0);
  return Math.min(1, pairs / (tokens * (before + tokens / 2)));
}
