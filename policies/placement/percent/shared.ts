import { MissingFactError } from '../../../sim/errors.ts';
import type { Host, Machine, Precision, Program } from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { unitOn } from '../units.ts';
import { attentionOnCpu, kvShares, type Levels, levelsOf, placeWeights, type WeightHomes } from './homes.ts';
import type { PercentFields } from './schema.ts';

/** The pool of threads that copy to and from disk and unpinned memory. */
export const COPY_WORKERS = 'copy';

/** What all parts of the placement know. */
export class Shared {
  readonly fields: PercentFields;
  readonly machine: Machine;
  readonly program: Program;
  readonly precision: Precision;
  readonly levels: Levels;
  readonly homes: readonly WeightHomes[];
  readonly kv: { readonly gpu: number; readonly cpu: number; readonly disk: number };
  readonly cpuAttention: boolean;
  readonly gpuUnit: string;
  readonly cpuUnit: string | undefined;
  /** Host bookkeeping of one step. */
  readonly stepSeconds: number;

  constructor(fields: PercentFields, { machine, program, precision }: PlacementContext) {
    this.fields = fields;
    this.machine = machine;
    this.program = program;
    this.precision = precision;
    this.levels = levelsOf(machine);
    this.homes = program.layers.map((layer) => placeWeights(layer, fields.weights));
    this.kv = kvShares(fields, program.summary.batch);
    this.cpuAttention = attentionOnCpu(fields, precision);
    this.gpuUnit = unitOn(machine, this.levels.gpu).id;
    this.cpuUnit = machine.compute.find((unit) => unit.memory === this.levels.cpu)?.id;
    this.stepSeconds = machine.host?.step_s ?? 0;
  }

  get cpu(): string {
    if (this.levels.cpu === undefined) throw new MissingFactError(`machine "${this.machine.id}" has no host memory`);
    return this.levels.cpu;
  }

  /** What the first computation of the process takes beside, where the run has not been warmed up. */
  get firstRunSeconds(): number {
    const seconds = this.host.first_run_s;
    if (seconds === undefined) throw new MissingFactError(`machine "${this.machine.id}" has no host.first_run_s`);
    return seconds;
  }

  /** What the host's memory gives to all threads together. */
  get hostBytesPerS(): number {
    return this.machine.memories.find(({ id }) => id === this.cpu)!.read_bytes_per_s;
  }

  get host(): Host {
    if (this.machine.host === undefined) {
      throw new MissingFactError(`machine "${this.machine.id}" has no host facts (relay, conversion, copy workers)`);
    }
    return this.machine.host;
  }
}
