import type { ActivationPlan, OptimizerPlan, TrainBody, Training } from '../types/training.ts';
import { mostBeside } from './backwardPeak.ts';
import { bytesOf } from './kernels.ts';
import type { PipelineRun } from './schedule.ts';

/** Bytes of one body's saved tensors for one micro-batch on one rank. */
export interface SavedBytes {
  /** Kept on the device. */
  readonly kept: number;
  /** Moved to the host. */
  readonly host: number;
  /** All of them, whatever becomes of them. */
  readonly whole: number;
}

export function savedBytes({ ops }: TrainBody, plan: ActivationPlan | null): SavedBytes {
  let kept = 0;
  let host = 0;
  let whole = 0;
  for (const { saves } of ops) {
    for (const { name, bytes } of saves) {
      const share = plan?.saved[name] ?? { keep: 1, host: 0 };
      kept += bytes * share.keep;
      host += bytes * share.host;
      whole += bytes;
    }
  }
  return { kept, host, whole };
}

export const layerBytes = (training: Training, plan: ActivationPlan): SavedBytes => savedBytes(training.layer, plan);

/** What one stage holds on its device and on the host, in bytes. */
export interface StageMemory {
  readonly stage: number;
  readonly weight: number;
  readonly gradient: number;
  readonly optimizer: number;
  readonly activation: number;
  readonly workspace: number;
  /** The smaller of gradients and activations, where the two are not there together. */
  readonly apart: number;
  /** Weights, gradients and optimizer state of the layers' matrices; what published formulas count. */
  readonly layer_state: number;
  /** Activations of the layers. */
  readonly layer_activation: number;
  readonly host_activation: number;
  readonly host_optimizer: number;
  readonly host_weight: number;
}

/** Parameters of one rank of a stage. */
export function stageParameters(
  training: Training,
  stage: number,
): { matrices: number; others: number; frozen_bytes: number } {
  const { layout, layers, trunk_layers, layer, embed, head, encoder, tied_table_parameters } = training;
  const own = layers / layout.pipeline;
  const training_layers = own - trunk_layers;
  let matrices = training_layers * layer.matrices.trained;
  let others = training_layers * layer.others.trained;
  const whole = layer.matrices.trained + layer.others.trained;
  let frozen_bytes = own * frozenBytes(layer) + trunk_layers * whole * bytesOf(training.dtype);
  if (encoder !== undefined) {
    matrices += encoder.layers * encoder.layer.matrices.trained;
    others += encoder.layers * encoder.layer.others.trained + encoder.end.others.trained;
    matrices += encoder.end.matrices.trained;
    frozen_bytes += encoder.layers * frozenBytes(encoder.layer) + frozenBytes(encoder.end);
  }
  if (stage === 0) {
    others += embed.matrices.trained + embed.others.trained;
    frozen_bytes += frozenBytes(embed);
  }
  if (stage === layout.pipeline - 1) {
    others += head.matrices.trained + head.others.trained;
    frozen_bytes += frozenBytes(head);
    if (layout.pipeline > 1) others += tied_table_parameters;
  }
  return { matrices, others, frozen_bytes };
}

/** Stored bytes of a body's frozen weights on one rank. */
export const frozenBytes = ({ matrices, others }: TrainBody): number =>
  (matrices.frozen * matrices.frozen_bits + others.frozen * others.frozen_bits) / 8;

/**
 * Memory of one stage. Activations of a layer stand for the micro-batches in flight on the stage: on the first one that is
 * `layers x (1 + (stages - 1) / (stages x chunks))` layers' worth (Korthikanti et al., arXiv:2205.05198, section 4.2.3).
 */
export function stageMemory(
  training: Training,
  plan: ActivationPlan,
  optimizer: OptimizerPlan,
  pipeline: Pick<PipelineRun, 'in_flight'>,
  stage: number,
): StageMemory {
  const { layout, layers } = training;
  const { matrices, others, frozen_bytes } = stageParameters(training, stage);
  const parameters = matrices + others;
  const over = (level: number): number => (optimizer.zero >= level ? layout.data * layout.context : 1);
  const onDevice = optimizer.offload === 'none' ? 1 : 0;
  const weightsOnDevice = optimizer.offload === 'optimizer-and-weights' ? 0 : 1;
  const gradientParameters = optimizer.per_layer ? largestBody(training, stage) : parameters;
  const { projected } = optimizer;
  const ownLayers = layers / layout.pipeline - training.trunk_layers;
  const state =
    projected === null
      ? parameters * optimizer.state_bytes
      : (parameters - ownLayers * projected.layer_parameters) * optimizer.state_bytes +
        ownLayers * projected.layer_state_bytes;
  const state_bytes =
    (optimizer.weight_bytes * weightsOnDevice) / over(3) +
    optimizer.gradient_bytes / over(2) +
    (optimizer.state_bytes * onDevice) / over(1);
  const perChunk = layers / (layout.pipeline * layout.interleave) - training.trunk_layers;
  const layer = savedBytes(training.layer, plan);
  const flights = pipeline.in_flight[stage]!;
  const units = flights.reduce((sum, n) => sum + n, 0);
  const first = stage === 0 ? flights[0]! * savedBytes(training.embed, null).kept : 0;
  const last = stage === layout.pipeline - 1 ? savedBytes(training.head, null).kept : 0;
  const staying = Math.min(plan.stay_layers, perChunk);
  const moving = perChunk - staying;
  const onHost = layer.host * units * moving;
  // What would have left but stays. The layers of the chunk at work that stay do so in the buffers that the others pass through.
  const buffered = layer.host * ((units - 1) * staying + Math.max(staying, Math.min(plan.buffers, perChunk)));
  const { encoder } = training;
  const source = encoder === undefined ? null : savedBytes(encoder.layer, plan);
  const encoder_activation = source === null ? 0 : units * encoder!.layers * (source.kept + plan.extra_bytes);
  const layer_activation =
    units * perChunk * (layer.kept + plan.extra_bytes) + encoder_activation + (layer.host > 0 ? buffered : 0);
  const encoder_end = encoder === undefined ? 0 : units * savedBytes(encoder.end, null).kept;
  const isLast = stage === layout.pipeline - 1;
  const gradient = (gradientParameters * optimizer.gradient_bytes) / over(2);
  const activation = layer_activation + encoder_end + first + last;
  const workspace = Math.max(
    0,
    isLast ? mostBeside(training.head, null, 0) : 0,
    // The head's activations are gone by then, and the decoder's before the encoder's turn.
    perChunk === 0 ? 0 : mostBeside(training.layer, plan, last),
    encoder === undefined ? 0 : mostBeside(encoder.layer, plan, last + encoder_end + perChunk * layer.kept),
    (perChunk + training.trunk_layers) * (training.layer.returned_bytes ?? 0) +
      (isLast ? (training.head.returned_bytes ?? 0) : 0),
  );
  const gathered =
    optimizer.zero === 3 && layout.data * layout.context > 1
      ? rootBytes(training, optimizer, stage) +
        2 *
          ((training.layer.matrices.trained + training.layer.others.trained) * optimizer.gather_bytes +
            frozenBytes(training.layer))
      : 0;
  return {
    stage,
    weight: (parameters * optimizer.weight_bytes * weightsOnDevice + frozen_bytes) / over(3),
    gradient,
    optimizer: (state * onDevice) / over(1),
    activation,
    workspace: workspace + gathered,
    apart: optimizer.release_gradients ? Math.min(gradient, activation) : 0,
    layer_state: matrices * state_bytes,
    layer_activation,
    host_activation: onHost,
    host_optimizer: (state * (1 - onDevice)) / over(1),
    host_weight: (parameters * optimizer.weight_bytes * (1 - weightsOnDevice)) / over(3),
  };
}

/** Parameters whose gradients live together where each body is updated at once. */
function largestBody({ layer, embed, head, encoder, layout }: Training, stage: number): number {
  const bodies = [
    layer,
    ...(encoder ? [encoder.layer] : []),
    ...(stage === 0 ? [embed] : []),
    ...(stage === layout.pipeline - 1 ? [head] : []),
  ];
  return Math.max(...bodies.map(({ matrices, others }) => matrices.trained + others.trained));
}

/** Weights of the embedding and the head, gathered for the whole step, and the head's gradient before it is scattered. */
function rootBytes({ embed, head, layout }: Training, { gather_bytes }: OptimizerPlan, stage: number): number {
  const first = stage === 0 ? embed.matrices.trained + embed.others.trained : 0;
  const last = stage === layout.pipeline - 1 ? head.matrices.trained + head.others.trained : 0;
  return (first + 2 * last) * gather_bytes;
}

/** Bytes on the device. */
export const deviceBytes = ({ weight, gradient, optimizer, activation, workspace, apart }: StageMemory): number =>
  weight + gradient + optimizer + activation + workspace - apart;

/** Bytes on the host. */
export const hostBytes = ({ host_activation, host_optimizer, host_weight }: StageMemory): number =>
  host_activation + host_optimizer + host_weight;
