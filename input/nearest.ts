/** Longest name that is worth comparing: anything longer is not a slip of the fingers. */
const LONGEST_NAME = 80;

/**
 * Damerau-Levenshtein distance (optimal string alignment): the number of insertions, deletions, substitutions and
 * swaps of neighbours that turn `a` into `b`.
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1);
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** Case, spaces, underscores and hyphens are the slips that cost nothing. */
const fold = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');

/** How far `found` is from `candidate`, or undefined when a person would not call them alike. */
function likeness(found: string, candidate: string): number | undefined {
  const a = fold(found);
  const b = fold(candidate);
  const threshold = Math.max(1, Math.floor(Math.max(a.length, b.length) / 3));
  if (Math.abs(a.length - b.length) <= threshold && b.length <= LONGEST_NAME) {
    const distance = editDistance(a, b);
    // One edit of a one-letter name changes all of it.
    if (distance <= threshold && distance < Math.max(a.length, b.length)) return distance;
  }
  if (a.length >= 3 && b.startsWith(a)) return threshold + (b.length - a.length) / (b.length + 1);
  return undefined;
}

/**
 * The candidate a person most likely meant by `found`, or undefined when nothing is near. A third of the letters may
 * differ, and a beginning of three letters or more counts as near; ties go to the exact-case, then to the earlier one.
 */
export function nearestName(found: string, candidates: Iterable<string>): string | undefined {
  if (found.length === 0 || found.length > LONGEST_NAME) return undefined;
  let nearest: string | undefined;
  let best = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    if (candidate === found) continue;
    const distance = likeness(found, candidate);
    if (distance === undefined) continue;
    const score = distance + editDistance(found, candidate.slice(0, LONGEST_NAME)) / 1000;
    if (score < best) {
      best = score;
      nearest = candidate;
    }
  }
  return nearest;
}
