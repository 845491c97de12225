/**
 * A recorded step as what its tensors went through, op by op. Importers make it; online recomputation replays it.
 * @module
 */

/** One event. Tensors are numbers in the order of their first appearance. */
export type TraceEvent =
  /** An op ran for the first time. Outputs are new tensors, in order. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly cost_ns: number;
      readonly inputs: readonly number[];
      readonly outputs: readonly TraceOutput[];
    }
  /** Inputs, weights and constants: they come from outside and never leave. */
  | { readonly kind: 'constant'; readonly tensor: number; readonly bytes: number }
  /** One more reference to a tensor, or one fewer. */
  | { readonly kind: 'retain' | 'release'; readonly tensor: number }
  /** The tensor must be there at the end. */
  | { readonly kind: 'output'; readonly tensor: number };

export interface TraceOutput {
  readonly tensor: number;
  /** 0 for an alias. */
  readonly bytes: number;
  /** Which input it shares its storage with, or -1. */
  readonly alias_of: number;
}

export interface TensorTrace {
  readonly tensors: number;
  readonly events: readonly TraceEvent[];
}
