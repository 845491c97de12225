import type * as v from 'valibot';
import type { ActivationPlan, Machine, OptimizerPlan, Saved, SavedShare, Training } from '../../sim/types/index.ts';
import type { Solver } from '../linearProgram.ts';

/** What a plan is made for. */
export interface ActivationContext {
  readonly machine: Machine;
  readonly training: Training;
  readonly optimizer: OptimizerPlan;
  /** For kinds that solve programs; null for the others. */
  readonly solver: Solver | null;
}

/** A kind of the `activations` part: one file, found by its name. `schema` describes its fields, `kind` included. */
export interface ActivationDefinition<S extends v.GenericSchema = v.GenericSchema> {
  readonly kind: string;
  readonly description: string;
  readonly schema: S;
  /** It asks the context's solver. */
  readonly solves?: true;
  /** It plans for layers of one kind, so not beside an encoder's. */
  readonly one_stack?: true;
  /** What the step itself becomes, where the kind changes its ops. */
  rewrite?(fields: v.InferOutput<S>, training: Training): Training;
  create(fields: v.InferOutput<S>, context: ActivationContext): ActivationPlan;
}

/** A plan that keeps everything, changed by `rest`. */
export function planOf(kind: string, rest: Partial<ActivationPlan> = {}): ActivationPlan {
  return {
    kind,
    saved: {},
    again: {},
    extra_bytes: 0,
    stay_layers: 0,
    buffers: 2,
    choices: {},
    warnings: [],
    ...rest,
  };
}

/** Every saved tensor of a layer, in order. */
export const savedOf = ({ layer }: Training): Saved[] => layer.ops.flatMap(({ saves }) => [...saves]);

export const DROPPED: SavedShare = { keep: 0, host: 0 };
export const KEPT: SavedShare = { keep: 1, host: 0 };
export const MOVED: SavedShare = { keep: 0, host: 1 };

/** The tensor a layer starts from. */
export const layerInput = (training: Training): string => savedOf(training)[0]!.name;

/** Shares by name. */
export function sharesOf(training: Training, share: (saved: Saved) => SavedShare): Record<string, SavedShare> {
  return Object.fromEntries(savedOf(training).map((saved) => [saved.name, share(saved)]));
}
