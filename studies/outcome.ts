import type { MemoryLayout, Metrics, Timeline } from '../sim/types/index.ts';

/** How one case ended. A case that cannot fit or cannot proceed has no metrics; `error` says why. */
export type Outcome =
  | {
      readonly status: 'ran';
      readonly metrics: Metrics;
      readonly warnings: readonly string[];
      readonly timeline?: Timeline;
      /** How the plan laid tensors out, where it did. */
      readonly layout?: MemoryLayout;
      /** Tokens that each layer's cache holds in the end, under a KV policy. */
      readonly kv_layers?: readonly number[];
    }
  | { readonly status: 'does_not_fit' | 'cannot_proceed'; readonly error: Error };

export type Verdict = 'fits' | 'does_not_fit';
