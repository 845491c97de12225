/**
 * Which tokens attention looks at: what a workload's process (or a recorded trace) gives and a policy's identities read.
 * @module
 */

/** One row of attention of one head, as the tokens that matter and an even rest. Masses add to 1. */
export interface AttentionRow {
  /** Tokens there are, the present one included. */
  readonly tokens: number;
  /** Positions listed, each once, and the mass of each. */
  readonly positions: Int32Array;
  readonly mass: Float64Array;
  readonly count: number;
  /** Mass of all other tokens together, spread evenly. */
  readonly rest_mass: number;
}

/** Rows of one head, step by step. A row is valid until the next is asked for. */
export interface AttentionSource {
  /** Tokens before the first row's. */
  readonly prompt_tokens: number;
  next(): AttentionRow | null;
}
