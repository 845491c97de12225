import type { Phase, TensorKind } from '../types/units.ts';

/** Kinds in the order of the account's columns. */
export const TENSOR_KINDS: readonly TensorKind[] = [
  'weight',
  'kv',
  'activation',
  'gradient',
  'optimizer',
  'index',
  'table',
  'workspace',
];
const KINDS = TENSOR_KINDS.length;

/**
 * Who holds how much of one memory: exact bytes by kind, their peaks, and the integral over time (for the mean).
 * Bytes are whole numbers or fractions as the caller has them; nothing is rounded.
 */
export class MemoryAccount {
  readonly id: string;
  readonly capacity: number;
  used = 0;
  /** Peaks of the phases that have ended, in order. */
  readonly phasePeaks = new Map<Phase, number>();
  private phasePeak = 0;
  /** Integral of `used` over time up to `lastNs`, in byte·ns. */
  integral = 0;
  private lastNs = 0;
  readonly usedByKind = new Float64Array(KINDS);
  readonly peakByKind = new Float64Array(KINDS);
  /** Peaks since `openWindow`. */
  windowPeak = 0;
  readonly windowPeakByKind = new Float64Array(KINDS);

  /** @param capacity bytes that tensors may use. */
  constructor(id: string, capacity: number) {
    this.id = id;
    this.capacity = capacity;
  }

  /** Most bytes held at once. */
  get peak(): number {
    return Math.max(this.phasePeak, ...this.phasePeaks.values());
  }

  /** Ends a phase; one that comes again keeps its highest peak. */
  endPhase(phase: Phase): void {
    this.phasePeaks.set(phase, Math.max(this.phasePeak, this.phasePeaks.get(phase) ?? 0));
    this.phasePeak = this.used;
  }

  fits(bytes: number): boolean {
    return this.used + bytes <= this.capacity;
  }

  /** Adds bytes (negative gives back) of a kind at an instant. */
  add(kind: number, bytes: number, nowNs: number): void {
    this.integral += this.used * (nowNs - this.lastNs);
    this.lastNs = nowNs;
    this.used += bytes;
    const ofKind = this.usedByKind[kind]! + bytes;
    this.usedByKind[kind] = ofKind;
    if (this.used > this.phasePeak) this.phasePeak = this.used;
    if (ofKind > this.peakByKind[kind]!) this.peakByKind[kind] = ofKind;
    if (this.used > this.windowPeak) this.windowPeak = this.used;
    if (ofKind > this.windowPeakByKind[kind]!) this.windowPeakByKind[kind] = ofKind;
  }

  /** Starts a stretch whose peaks are wanted apart. */
  openWindow(nowNs: number): void {
    this.settle(nowNs);
    this.windowPeak = this.used;
    this.windowPeakByKind.set(this.usedByKind);
  }

  /** Brings the integral up to an instant. */
  settle(nowNs: number): void {
    this.integral += this.used * (nowNs - this.lastNs);
    this.lastNs = nowNs;
  }

  /** Repeats a stretch that was measured before: what it left, the peaks above its start, and its integral above its start. */
  repeat(nowNs: number, durationNs: number, stretch: AccountStretch): void {
    this.settle(nowNs);
    this.phasePeak = Math.max(this.phasePeak, this.used + stretch.peak);
    this.integral += this.used * durationNs + stretch.integral;
    for (let kind = 0; kind < KINDS; kind++) {
      this.peakByKind[kind] = Math.max(this.peakByKind[kind]!, this.usedByKind[kind]! + stretch.peakByKind[kind]!);
      this.usedByKind[kind]! += stretch.leftByKind[kind]!;
      this.used += stretch.leftByKind[kind]!;
    }
    this.lastNs = nowNs + durationNs;
  }
}

/** What happened to an account over a stretch, relative to its start. */
export interface AccountStretch {
  readonly peak: number;
  readonly peakByKind: Float64Array;
  readonly leftByKind: Float64Array;
  readonly integral: number;
}

/** Column of a kind. */
export function kindIndex(kind: TensorKind): number {
  return TENSOR_KINDS.indexOf(kind);
}
