import { curveAt } from '../../../sim/resources/curve.ts';
import { kernelSeconds } from '../../../sim/resources/kernelTime.ts';
import type { Kernel, Machine, Memory, Op, Precision, Program } from '../../../sim/types/index.ts';
import { attentionOnCpu } from '../percent/homes.ts';
import { hostOverheadBytes } from '../percent/plan.ts';
import { unitOn } from '../units.ts';
import type { LpFields } from './schema.ts';

/** What one transformer layer costs for one batch, per fraction placed where; seconds and bytes. */
export interface LayerCosts {
  readonly layers: number;
  readonly sequences: number;
  readonly batches: number;
  readonly outputTokens: number;
  readonly weightBytes: number;
  readonly kvBytes: number;
  readonly hiddenBytes: number;
  /** GPU bytes that one op needs beside what is placed there. */
  readonly scratchBytes: number;
  /** Host bytes that the runtime takes for itself. */
  readonly hostBytes: number;
  readonly prefill: PhaseCosts;
  readonly decode: PhaseCosts;
}

/** Seconds of one batch in one layer and pass, per unit fraction of the tensor that the name says. */
export interface PhaseCosts {
  readonly gpuCompute: number;
  /** Per fraction of weights off the GPU, on the link, and of unpinned ones on the host thread. */
  readonly weightsUp: number;
  readonly weightsHost: number;
  /** Per fraction of weights on disk, at the disk. */
  readonly weightsDisk: number;
  /** Per fraction of the cache off the GPU: on the link, on the host thread, at the disk. */
  readonly kvLink: number;
  readonly kvHost: number;
  /** Whether that host work and the GPU wait for each other. */
  readonly hostBlocksGpu: boolean;
  readonly kvDisk: number;
  /** Per fraction of hidden states off the GPU, on the link each way. */
  readonly hiddenLink: number;
}

/** The costs of a program, from its first attention and MLP op of each phase. */
export function layerCosts(machine: Machine, program: Program, precision: Precision, fields: LpFields): LayerCosts {
  const { summary, layers, batches } = program;
  const fast = machine.roles.fast!;
  const host = machine.roles.host!;
  const unit = unitOn(machine, fast);
  const bandwidth = (id: string): number => machine.memories.find((memory) => memory.id === id)!.read_bytes_per_s;
  const link = machine.links.find((candidate) => candidate.from === host && candidate.to === fast);
  const up = link?.forward.bytes_per_s ?? Number.POSITIVE_INFINITY;
  const down = link?.backward.bytes_per_s ?? Number.POSITIVE_INFINITY;
  const disk = machine.memories.find((memory) => memory.id === machine.roles.storage);
  const transformerLayers = layers.filter((layer) => layer.name === 'attention').length;
  const weightBytes =
    layers
      .filter((layer) => layer.name === 'attention' || layer.name === 'mlp')
      .reduce((sum, layer) => sum + layer.weights.reduce((bytes, weight) => bytes + weight.bytes, 0), 0) /
    transformerLayers;
  const ops = firstOps(program);
  const onCpu = attentionOnCpu({ attention_on: fields.attention_on, kv: [0, 100] }, precision);
  const cpuUnit = machine.compute.find((candidate) => candidate.memory === host);
  const seconds = (kernels: readonly Kernel[]): number =>
    kernels.reduce((sum, kernel) => sum + kernelSeconds(unit, bandwidth(fast), kernel), 0);

  const phase = (attention: Op | undefined, mlp: Op | undefined): PhaseCosts => {
    if (attention === undefined || mlp === undefined) return NOTHING;
    const state = attention.state!;
    const reads = state.read_tokens > 0;
    const kvBytes = 2 * (reads ? state.read_tokens : state.write_tokens) * state.bytes_per_token;
    const kvElements = 2 * state.read_tokens * state.elements_per_token;
    const facts = machine.host;
    const relay = facts?.relay_bytes_per_s ?? Number.POSITIVE_INFINITY;
    const cpuSeconds =
      reads && onCpu && cpuUnit !== undefined
        ? kvElements / (facts?.convert_elements_per_s ?? Number.POSITIVE_INFINITY) +
          (kvElements * 4) /
            (cpuUnit.memory_bytes_per_s ?? bandwidth(host) * curveAt(cpuUnit.memory_efficiency, kvBytes, 1))
        : 0;
    return {
      gpuCompute: seconds(attention.kernels) + seconds(mlp.kernels),
      weightsUp: weightBytes / up,
      weightsHost: fields.pin_weights ? 0 : weightBytes / relay,
      weightsDisk: disk === undefined ? 0 : weightBytes / fileRate(disk, 1),
      kvLink: reads
        ? onCpu
          ? 0
          : kvBytes / up
        : kvBytes / Math.min(down, 2 * (facts?.store_stream_bytes_per_s ?? down)),
      kvHost: reads ? (onCpu ? cpuSeconds : kvBytes / relay) : 0,
      kvDisk: disk === undefined ? 0 : kvBytes / (reads ? fileRate(disk, 2) : disk.write_bytes_per_s),
      hostBlocksGpu: onCpu,
      hiddenLink: (2 * attention.input_bytes) / Math.min(up, down),
    };
  };
  return {
    layers: transformerLayers,
    sequences: summary.batch * summary.batches,
    batches,
    outputTokens: summary.output_tokens,
    weightBytes,
    kvBytes: summary.kv_bytes / transformerLayers,
    hiddenBytes: summary.hidden_bytes,
    scratchBytes: Math.max(...[...ops.values()].map((op) => op.scratch_bytes + op.input_bytes + op.output_bytes)),
    hostBytes: hostOverheadBytes(program, onCpu),
    prefill: phase(ops.get('prefill attention'), ops.get('prefill mlp')),
    decode: phase(ops.get('decode attention'), ops.get('decode mlp')),
  };
}

/** What `streams` readers together get of a disk. */
const fileRate = (disk: Memory, streams: number): number =>
  Math.min(disk.read_bytes_per_s, streams * (disk.read_stream_bytes_per_s ?? Number.POSITIVE_INFINITY));

const NOTHING: PhaseCosts = {
  gpuCompute: 0,
  weightsUp: 0,
  weightsHost: 0,
  weightsDisk: 0,
  kvLink: 0,
  kvHost: 0,
  hostBlocksGpu: false,
  kvDisk: 0,
  hiddenLink: 0,
};

/** The first op of each phase and kind. */
function firstOps(program: Program): Map<string, Op> {
  const found = new Map<string, Op>();
  for (const { ops } of program.segments()) {
    for (const op of ops) {
      const key = `${op.phase} ${op.name}`;
      if (!found.has(key)) found.set(key, op);
    }
    if (found.has('decode mlp')) break;
  }
  return found;
}
