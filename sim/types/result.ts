import type { MemoryLayout } from './layout.ts';

/**
 * What a run gives back and how a claim is judged. Reports read these and never run anything.
 * @module
 */

/** Flat metrics under the names of docs/metrics.md. A number that no source supports is absent, never zero. */
export type Metrics = Readonly<Record<string, number>>;

/** A bar on a track of the timeline. Times in ns. */
export interface Span {
  readonly track: number;
  readonly name: string;
  readonly category: string;
  readonly start_ns: number;
  readonly end_ns: number;
  /** Bytes moved or 0. */
  readonly bytes: number;
  /** Task that this one waited for last (index of its span), or -1; drawn as a flow arrow. */
  readonly caused_by: number;
}

export interface Counter {
  readonly name: string;
  readonly unit: 'bytes' | 'bytes_per_s';
  /** (ns, value), a step function. */
  readonly samples: readonly (readonly [at_ns: number, value: number])[];
}

/** What an online allocator held of a memory after each allocation and release of two steps. */
export interface AllocatorCurve {
  readonly memory: string;
  readonly samples: readonly (readonly [allocated_bytes: number, reserved_bytes: number])[];
}

export interface Timeline {
  readonly tracks: readonly { readonly id: number; readonly name: string; readonly group: string }[];
  readonly spans: readonly Span[];
  readonly counters: readonly Counter[];
  /** Of a training run with an allocator. */
  readonly allocator?: AllocatorCurve;
}

/** One simulation. */
export interface RunResult {
  readonly metrics: Metrics;
  readonly warnings: readonly string[];
  /** Present when asked for. */
  readonly timeline?: Timeline;
  /** How the plan laid tensors out, where it did. */
  readonly layout?: MemoryLayout;
  /** Tokens that each layer's cache holds in the end, under a KV policy. */
  readonly kv_layers?: readonly number[];
}

export type ClaimUse = 'calibrate' | 'validate' | 'peer' | 'reference' | 'identity' | 'unverified';
export type ClaimOp = 'value' | 'ratio' | 'difference' | 'saving';

/** A claim after judging. `error` is a signed fraction, null for verdicts, ranges, bounds and a published 0. */
export interface ClaimRow {
  readonly study: string;
  readonly case: string;
  readonly id: string;
  readonly metric: string;
  /** How the metric is compared; absent = `value`. A ratio or a saving has no unit. */
  readonly op?: ClaimOp;
  readonly published: number | string | null;
  readonly simulated: number | string | null;
  readonly error: number | null;
  readonly tolerance: number | null;
  readonly use: ClaimUse;
  readonly pass: boolean;
  readonly skipped: boolean;
  readonly source: string;
}

/** One study case, as `run --json` prints it. */
export interface StudyResult {
  readonly schema: string;
  readonly study: string;
  readonly case: string;
  readonly seed: number;
  readonly resolved: unknown;
  readonly metrics: Metrics;
  readonly claims: readonly ClaimRow[];
  readonly warnings: readonly string[];
  readonly provenance: Readonly<Record<string, string | number>>;
}
