import { InputError, type InputIssue, type Place, quote } from '../../../input/errors.ts';
import { IdSet } from './idSet.ts';
import type { Gap, MapBuffer } from './problem.ts';
import { firstOverlap } from './validate.ts';

/** Largest whole number that a double holds with all below it. */
const LARGEST = Number.MAX_SAFE_INTEGER;
/** Issues collected before the rest of the rows is left unread. */
const MOST_ISSUES = 100;

const refuse = (
  code: InputIssue['code'],
  buffer: MapBuffer,
  problem: string,
  expected: string,
  place: Place | undefined,
): InputIssue => ({ code, problem: `buffer ${quote(buffer.id)}: ${problem}`, expected, place });

/**
 * Checks that buffers make a problem.
 * @param placeOf where buffer `i` stands in its file, for messages
 * @throws InputError for every buffer at fault: an id given twice; a life that ends before it begins or has no length;
 * sizes, alignments and windows that are not positive; gaps outside the life or into each other; fixed offsets that are
 * not aligned, differ within a group or overlap; bytes beyond 2^53
 */
export function checkBuffers(buffers: readonly MapBuffer[], placeOf: (index: number) => Place | undefined): void {
  const issues: InputIssue[] = [];
  const seen = new IdSet(buffers);
  const groups = new Map<string, MapBuffer>();
  let bytes = 0;
  for (let i = 0; i < buffers.length && issues.length < MOST_ISSUES; i++) {
    const buffer = buffers[i]!;
    const say = (code: InputIssue['code'], problem: string, expected: string): void =>
      void issues.push(refuse(code, buffer, problem, expected, placeOf(i)));
    const earlier = seen.add(i);
    if (earlier >= 0) {
      const line = placeOf(earlier)?.line;
      say(
        'duplicate_key',
        `the id is given twice${line === undefined ? '' : ` (first on line ${line})`}`,
        'ids that differ',
      );
    }
    checkLife(buffer, say);
    checkBytes(buffer, say);
    bytes += buffer.size_bytes + Math.max((buffer.alignment_bytes ?? 1) - 1, 0);
    if (bytes > LARGEST && bytes - buffer.size_bytes <= LARGEST) {
      say('out_of_range', 'the sizes up to here add up to more than 2^53 bytes', 'a sum below 2^53');
    }
    if (buffer.colocation !== undefined) {
      const first = groups.get(buffer.colocation) ?? buffer;
      groups.set(buffer.colocation, first);
      if (first.fixed_offset_bytes !== buffer.fixed_offset_bytes) {
        say('bad_value', `its group ${quote(buffer.colocation)} has another fixed offset`, 'one offset for a group');
      }
    }
  }
  if (issues.length === 0) issues.push(...fixedOverlaps(buffers, placeOf));
  const [first, ...more] = issues;
  if (first) throw new InputError(first, ...more);
}

const NO_GAPS: readonly Gap[] = [];

type Say = (code: InputIssue['code'], problem: string, expected: string) => void;

function checkLife({ lower, upper, gaps = NO_GAPS, size_bytes }: MapBuffer, say: Say): void {
  if (!Number.isSafeInteger(lower) || !Number.isSafeInteger(upper)) {
    say('bad_value', `the life [${lower}, ${upper}) is not in whole numbers`, 'whole numbers below 2^53');
    return;
  }
  if (upper <= lower) {
    say('bad_value', `the life [${lower}, ${upper}) is empty or reversed`, 'lower < upper');
    return;
  }
  if (gaps.length === 0) return;
  const sorted = [...gaps].sort((a, b) => a.lower - b.lower);
  for (const [k, gap] of sorted.entries()) {
    const text = `the gap ${gap.lower}-${gap.upper}`;
    if (!(gap.lower < gap.upper)) say('bad_value', `${text} is empty or reversed`, 'lower < upper');
    else if (gap.lower < lower || gap.upper > upper) {
      say('bad_value', `${text} leaves the life [${lower}, ${upper})`, 'a gap within the life');
    } else if (k > 0 && gap.lower < sorted[k - 1]!.upper) say('bad_value', `${text} meets another`, 'gaps apart');
    const { window } = gap;
    if (window && !(0 <= window.from_bytes && window.from_bytes < window.to_bytes && window.to_bytes <= size_bytes)) {
      say('bad_value', `the window ${window.from_bytes}:${window.to_bytes} leaves the buffer`, 'from < to <= size');
    }
  }
}

function checkBytes(
  { size_bytes: size, alignment_bytes: align = 1, fixed_offset_bytes: fixed }: MapBuffer,
  say: Say,
): void {
  if (!Number.isSafeInteger(size) || size <= 0) say('out_of_range', `the size is ${size}`, 'a whole number above 0');
  if (!Number.isSafeInteger(align) || align <= 0) {
    say('out_of_range', `the alignment is ${align}`, 'a whole number above 0');
  }
  if (fixed === undefined) return;
  if (!Number.isSafeInteger(fixed) || fixed < 0) say('out_of_range', `the offset is ${fixed}`, 'a whole number from 0');
  else if (fixed + size > LARGEST) say('out_of_range', `offset ${fixed} and size pass 2^53`, 'a top below 2^53');
  else if (fixed % align !== 0) say('bad_value', `offset ${fixed} is no multiple of ${align}`, 'an aligned offset');
}

function fixedOverlaps(buffers: readonly MapBuffer[], placeOf: (index: number) => Place | undefined): InputIssue[] {
  const fixed: number[] = [];
  for (let i = 0; i < buffers.length; i++) if (buffers[i]!.fixed_offset_bytes !== undefined) fixed.push(i);
  if (fixed.length < 2) return [];
  const own = fixed.map((i) => buffers[i]!);
  const found = firstOverlap(
    own,
    Float64Array.from(own, ({ fixed_offset_bytes }) => fixed_offset_bytes!),
  );
  if (!found) return [];
  const [a, b] = [fixed[Math.min(...found)]!, fixed[Math.max(...found)]!];
  const expected = 'fixed buffers that live together apart from each other';
  const problem = `its fixed offset overlaps that of ${quote(buffers[a]!.id)}`;
  return [refuse('bad_value', buffers[b]!, problem, expected, placeOf(b))];
}
