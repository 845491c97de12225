import { TASK, type Tape } from './executor/tape.ts';
import type { MemoryAccount } from './resources/memoryAccount.ts';
import { TENSOR_KINDS } from './resources/memoryAccount.ts';
import type { Span, Timeline } from './types/result.ts';

/**
 * Records what each resource did and what each memory held. Costs time and memory, so it is only on when asked for; a
 * run gives the same metrics with it and without it.
 */
export class TimelineRecorder {
  private readonly accounts: readonly MemoryAccount[];
  private readonly trackOf = new Map<string, number>();
  private readonly tracks: { id: number; name: string; group: string }[] = [];
  private readonly spans: Span[] = [];
  private spanOf = new Int32Array(0);
  private readonly samples: { total: [number, number][]; kinds: [number, number][][] }[];

  constructor(accounts: readonly MemoryAccount[]) {
    this.accounts = accounts;
    this.samples = accounts.map(() => ({ total: [], kinds: TENSOR_KINDS.map(() => []) }));
    // What is held from the start shows from the start, whether or not it ever changes.
    accounts.forEach((_, memory) => {
      this.occupancy(memory, 0);
    });
  }

  beginStep(tasks: number): void {
    this.spanOf = new Int32Array(tasks).fill(-1);
  }

  /** The track a name such as `compute: gpu` or `link: pcie h2d` is drawn on. */
  private track(label: string): number {
    const known = this.trackOf.get(label);
    if (known !== undefined) return known;
    const cut = label.indexOf(': ');
    const track = { id: this.tracks.length, name: label.slice(cut + 2), group: label.slice(0, cut) };
    this.tracks.push(track);
    this.trackOf.set(label, track.id);
    return track.id;
  }

  span(task: number, tape: Tape, startNs: number, endNs: number, causedBy: number): void {
    const label = tape.names[task];
    if (label === undefined || endNs === startNs) {
      this.spanOf[task] = causedBy >= 0 ? this.spanOf[causedBy]! : -1;
      return;
    }
    const [trackName, name, category] = label.split('|') as [string, string, string];
    let bytes = 0;
    for (let phase = 0; phase < tape.get(task, TASK.phases); phase++)
      bytes = Math.max(bytes, tape.get(task, TASK.phase0 + phase * 5 + 3));
    this.spanOf[task] =
      this.spans.push({
        track: this.track(trackName),
        name,
        category,
        start_ns: startNs,
        end_ns: endNs,
        bytes,
        caused_by: causedBy >= 0 ? this.spanOf[causedBy]! : -1,
      }) - 1;
  }

  occupancy(memory: number, nowNs: number): void {
    const account = this.accounts[memory]!;
    const samples = this.samples[memory]!;
    push(samples.total, nowNs, account.used);
    for (let kind = 0; kind < TENSOR_KINDS.length; kind++) push(samples.kinds[kind]!, nowNs, account.usedByKind[kind]!);
  }

  finish(endNs: number): Timeline {
    const counters = this.accounts.flatMap((account, i) => {
      this.occupancy(i, endNs);
      const { total, kinds } = this.samples[i]!;
      const perKind = TENSOR_KINDS.map((kind, k) => ({
        name: `memory.${account.id}.${kind}`,
        unit: 'bytes' as const,
        samples: kinds[k]!,
      }));
      return [
        { name: `memory.${account.id}`, unit: 'bytes' as const, samples: total },
        ...perKind.filter((counter) => counter.samples.some(([, value]) => value > 0)),
      ];
    });
    return { tracks: this.tracks, spans: this.spans, counters };
  }
}

/** Appends to a step function; of several values at one instant the last counts, equal values add nothing. */
function push(samples: [number, number][], atNs: number, value: number): void {
  const last = samples[samples.length - 1];
  if (last !== undefined && last[0] === atNs) last[1] = value;
  else if (last === undefined || last[1] !== value) samples.push([atNs, value]);
}
