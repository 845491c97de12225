import type { Plain } from '../pickle/read.ts';
import type { SnapshotEvent } from './buffers.ts';

/** What the segments of a snapshot say. */
export interface Segments {
  /** Whether an address can have been allocated before the history, seen from one of its events. */
  before(address: number, event: number): boolean;
  readonly notes: readonly string[];
}

const COMES = ['segment_alloc', 'segment_map'];
const GOES = ['segment_free', 'segment_unmap'];

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Reads `segments`, and the segments that came and went during the history. */
export function segmentsOf(snapshot: Plain, events: readonly SnapshotEvent[]): Segments {
  const listed = snapshot instanceof Map ? snapshot.get('segments') : undefined;
  const segments = Array.isArray(listed) ? listed.filter((one): one is Map<Plain, Plain> => one instanceof Map) : [];
  const known: Range[] = segments.map((segment) => rangeOf(segment.get('address'), segment.get('total_size')));
  const came: (Range & { readonly at: number })[] = [];
  events.forEach(({ action, address, size }, at) => {
    if (COMES.includes(action as string)) came.push({ ...rangeOf(address, size), at });
    if (GOES.includes(action as string)) known.push(rangeOf(address, size));
  });
  return {
    before: (address, event) => {
      const holds = ({ from, to }: Range): boolean => from <= address && address < to;
      if (came.some((segment) => segment.at < event && holds(segment))) return false;
      // Without a list of segments nothing is known of where memory lay.
      return !Array.isArray(listed) || known.some(holds);
    },
    notes: notesOf(segments),
  };
}

function rangeOf(address: Plain | undefined, size: Plain | undefined): Range {
  return typeof address === 'number' && typeof size === 'number'
    ? { from: address, to: address + size }
    : { from: 0, to: 0 };
}

function notesOf(segments: readonly Map<Plain, Plain>[]): string[] {
  if (segments.length === 0) return [];
  const sum = (name: string): number =>
    segments.reduce(
      (total, segment) => total + (typeof segment.get(name) === 'number' ? (segment.get(name) as number) : 0),
      0,
    );
  const [reserved, allocated, active] = [sum('total_size'), sum('allocated_size'), sum('active_size')];
  const free = segments.flatMap((segment) => {
    const blocks = segment.get('blocks');
    if (!Array.isArray(blocks)) return [];
    return blocks.flatMap((block) => {
      const size = block instanceof Map && block.get('state') === 'inactive' ? block.get('size') : undefined;
      return typeof size === 'number' ? [size] : [];
    });
  });
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(3)} GiB`;
  const share = reserved > 0 ? ` (${((100 * (reserved - allocated)) / reserved).toFixed(1)} % of it idle)` : '';
  return [
    `${segments.length} segments when it was taken: ${gib(reserved)} reserved, ${gib(allocated)} allocated${share}, ${gib(active)} active`,
    ...(free.length > 0
      ? [`largest free block ${gib(free.reduce((most, size) => Math.max(most, size), 0))} of ${free.length}`]
      : []),
  ];
}
