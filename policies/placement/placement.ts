import type * as v from 'valibot';
import type { Machine, Placement, Precision, Program } from '../../sim/types/index.ts';

/** What a placement is made for. */
export interface PlacementContext {
  readonly machine: Machine;
  readonly program: Program;
  readonly precision: Precision;
  /** The same workload with other batch sizes; absent where the caller cannot rebuild it. */
  readonly programFor?: (batch: number, batches: number) => Program;
}

/** A placement kind: one folder, found by its name. `schema` describes its fields, `kind` included. */
export interface PlacementDefinition<S extends v.GenericSchema = v.GenericSchema> {
  readonly kind: string;
  readonly description: string;
  readonly schema: S;
  create(fields: v.InferOutput<S>, context: PlacementContext): Placement | Promise<Placement>;
}
