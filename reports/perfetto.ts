import type { Counter, Span, Timeline } from '../sim/types/index.ts';

/**
 * A timeline in the Chrome trace format (Google, "Trace Event Format"), which ui.perfetto.dev reads: a process a group,
 * a thread a track. Spans that nest are complete events (`X`); spans that overlap another without nesting, which the
 * viewer would draw wrongly on one thread, are asynchronous pairs (`b`, `e`). Times are microseconds, to the nanosecond.
 * @module
 */

/** Text gathered before it is handed on, in characters. */
const CHUNK = 1 << 16;

type Event = Readonly<Record<string, unknown>>;

/** The trace as text in pieces of about 64 KiB; joined they are one JSON document. */
export function* perfettoChunks(timeline: Timeline): Generator<string> {
  let text = '{"displayTimeUnit":"ns","traceEvents":[\n';
  let first = true;
  for (const event of traceEvents(timeline)) {
    text += first ? JSON.stringify(event) : `,\n${JSON.stringify(event)}`;
    first = false;
    if (text.length >= CHUNK) {
      yield text;
      text = '';
    }
  }
  yield `${text}\n]}\n`;
}

/** The whole trace as one text; for large timelines write the chunks instead. */
export function perfettoText(timeline: Timeline): string {
  return [...perfettoChunks(timeline)].join('');
}

/** Microseconds with up to three decimals, exact for whole nanoseconds below 2^53 ns. */
const microseconds = (ns: number): number => Number(`${Math.trunc(ns / 1000)}.${String(ns % 1000).padStart(3, '0')}`);

/** Events of the trace: the names first, then each track's spans by start, flows, counters. */
export function* traceEvents(timeline: Timeline): Generator<Event> {
  const groups = [...new Set(timeline.tracks.map((track) => track.group))];
  const place = new Map(
    timeline.tracks.map((track) => [track.id, { pid: groups.indexOf(track.group) + 1, tid: track.id + 1 }]),
  );
  for (const [index, group] of groups.entries()) {
    yield { ph: 'M', name: 'process_name', pid: index + 1, args: { name: group } };
    yield { ph: 'M', name: 'process_sort_index', pid: index + 1, args: { sort_index: index } };
  }
  for (const track of timeline.tracks) {
    yield { ph: 'M', name: 'thread_name', ...place.get(track.id)!, args: { name: track.name } };
  }
  const drawn = new Set<number>();
  for (const track of timeline.tracks) yield* trackEvents(timeline.spans, track.id, place.get(track.id)!, drawn);
  yield* flowEvents(timeline.spans, place, drawn);
  for (const counter of timeline.counters) yield* counterEvents(counter, groups.length + 1);
}

interface Thread {
  readonly pid: number;
  readonly tid: number;
}

/** The spans of one track by start, the longer first, so that a parent comes before its children. */
function* trackEvents(spans: readonly Span[], track: number, thread: Thread, drawn: Set<number>): Generator<Event> {
  const order = spans
    .flatMap((span, index) => (span.track === track ? [index] : []))
    .sort((a, b) => spans[a]!.start_ns - spans[b]!.start_ns || spans[b]!.end_ns - spans[a]!.end_ns || a - b);
  const open: number[] = [];
  for (const index of order) {
    const span = spans[index]!;
    while (open.length > 0 && open.at(-1)! <= span.start_ns) open.pop();
    const common = { name: span.name, cat: span.category, ...thread };
    const args = span.bytes > 0 ? { args: { bytes: span.bytes } } : {};
    const ts = microseconds(span.start_ns);
    if (open.length === 0 || span.end_ns <= open.at(-1)!) {
      open.push(span.end_ns);
      drawn.add(index);
      yield { ph: 'X', ...common, ts, dur: microseconds(span.end_ns - span.start_ns), ...args };
    } else {
      const id = `0x${index.toString(16)}`;
      yield { ph: 'b', id, ...common, ts, ...args };
      yield { ph: 'e', id, ...common, ts: microseconds(span.end_ns) };
    }
  }
}

/** An arrow from the end of a cause to the start of its effect; only complete events can carry one. */
function* flowEvents(
  spans: readonly Span[],
  place: ReadonlyMap<number, Thread>,
  drawn: ReadonlySet<number>,
): Generator<Event> {
  for (const [index, span] of spans.entries()) {
    const cause = spans[span.caused_by];
    if (!cause || !drawn.has(index) || !drawn.has(span.caused_by)) continue;
    const common = { name: 'causes', cat: 'flow', id: index };
    // A flow binds to the slice that encloses its time, so it leaves a moment before the cause ends.
    const leave = Math.max(cause.start_ns, Math.min(cause.end_ns, span.start_ns) - 1);
    yield { ph: 's', ...common, ...place.get(cause.track)!, ts: microseconds(leave) };
    yield { ph: 'f', bp: 'e', ...common, ...place.get(span.track)!, ts: microseconds(span.start_ns) };
  }
}

function* counterEvents(counter: Counter, pid: number): Generator<Event> {
  for (const [at_ns, value] of counter.samples) {
    yield { ph: 'C', name: counter.name, pid, ts: microseconds(at_ns), args: { [counter.unit]: value } };
  }
}
