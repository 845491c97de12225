import { InputError, unknownName } from '../../input/index.ts';
import { INPUT_GRADIENT, withoutInputGradient } from '../../sim/training/frozen.ts';
import { elementwiseKernel, OPS } from '../../sim/training/kernels.ts';
import type { Dtype, Kernel, Network, NetworkLayer, Program, Saved, Training, TrainOp } from '../../sim/types/index.ts';
import { isInteger } from './dtypes.ts';
import type { CnnWorkload } from './schema.ts';

/**
 * A training step of a network: each layer is an op of one body, forward, backward and weight gradient, with what its parts
 * keep for backward. The names of what is kept end in the part: `.input` of the products, `.norm` of the batch
 * normalisation, `.act` of the activation.
 * @module
 */

/** Activations whose backward reads their output, which the next layer keeps as its input anyway (in place). */
const IN_PLACE: readonly string[] = ['relu', 'relu6'];
/** Operators without weights whose backward needs what they took in. */
const KEEPS_INPUTS: readonly string[] = ['mul', 'maxpool'];
/** Models are stored in fp32. */
const MODEL_BYTES = 4;
const NO_PARAMETERS = { trained: 0, frozen: 0, frozen_bits: 32 };

export function trainedNetwork({ mode, dtype, exemplars }: CnnWorkload, program: Program): Program {
  const { network } = program;
  if (mode !== 'train' || network === undefined) return program;
  if (isInteger(dtype)) {
    throw new InputError({
      code: 'bad_value',
      problem: `workload.dtype: ${dtype} has no gradients`,
      expected: 'fp16 or fp32 with mode: train',
    });
  }
  const macs = network.layers.reduce((sum, layer) => sum + layer.macs, 0);
  const layers = network.layers.map((layer) => {
    const op = opOf(network, layer, dtype);
    return layer.inputs.every((id) => network.inputs.includes(id)) ? withoutInputGradient(op) : op;
  });
  const outputs = network.tensors[network.outputs[0]!]!.bytes;
  const none = { ops: [], matrices: NO_PARAMETERS, others: NO_PARAMETERS };
  const training: Training = {
    layout: {
      gpus: 1,
      tensor: 1,
      pipeline: 1,
      data: 1,
      context: 1,
      expert: 1,
      interleave: 1,
      microbatches: 1,
      sequence_parallel: false,
    },
    dtype,
    layers: 1,
    trunk_layers: 0,
    layer: {
      ops: layers,
      matrices: { ...NO_PARAMETERS, trained: network.layers.reduce((sum, { weights }) => sum + weights, 0) },
      others: {
        ...NO_PARAMETERS,
        trained: network.layers.reduce((sum, layer) => sum + vectorsOf(layer), 0),
      },
    },
    embed: none,
    head: none,
    tied_table_parameters: 0,
    hidden_bytes: outputs,
    boundary_bytes: outputs,
    model_flops: 6 * macs,
    backward_share: 2 / 3,
    tokens: 0,
    samples: network.batch,
    allocator: null,
    measured_as: 'full',
    ...(exemplars !== undefined && { choices: exemplarChoices(network, exemplars) }),
  };
  return { ...program, kind: 'train', training };
}

/**
 * How many images a byte budget leaves beside the models that class-incremental learning keeps, and how many one model
 * would make room for (Zhou et al., arXiv:2205.13218): parameters in fp32, images in a byte a channel and pixel.
 * @throws InputError for an unknown block and where the models alone are over the budget.
 */
function exemplarChoices(
  { layers, tensors, inputs }: Network,
  { budget_bytes, copies }: NonNullable<CnnWorkload['exemplars']>,
): Readonly<Record<string, number>> {
  const blocks = new Map<string, number>();
  for (const layer of layers) {
    const bytes = MODEL_BYTES * (layer.weights + vectorsOf(layer));
    blocks.set(layer.block, (blocks.get(layer.block) ?? 0) + bytes);
  }
  for (const name of Object.keys(copies)) if (!blocks.has(name)) throw unknownName('block', name, [...blocks.keys()]);
  const { channels, height, width } = tensors[inputs[0]!]!;
  const image = channels * height * width;
  const models = [...blocks].reduce((sum, [name, bytes]) => sum + bytes * (copies[name] ?? 1), 0);
  if (models > budget_bytes) {
    throw new InputError({
      code: 'bad_value',
      problem: `workload.exemplars.budget_bytes: the models alone take ${models} bytes`,
      found: String(budget_bytes),
      expected: `at least ${models}`,
    });
  }
  const one = [...blocks.values()].reduce((sum, bytes) => sum + bytes, 0);
  return { exemplars: Math.floor((budget_bytes - models) / image), exemplars_per_model: Math.floor(one / image) };
}

/** Elements of norms, and of biases where a layer has one of its own. */
const vectorsOf = ({ biases, norm, op }: NetworkLayer): number => norm + (norm === 0 || op === 'fc' ? biases : 0);

function opOf({ tensors, element_bytes, batch }: Network, layer: NetworkLayer, dtype: Dtype): TrainOp {
  const { name, macs, weights, norm, nonlinearity, inputs, outputs, op, reach } = layer;
  const bytesOf = (ids: readonly number[]): number => ids.reduce((sum, id) => sum + tensors[id]!.bytes, 0);
  const [input, output] = [bytesOf(inputs), bytesOf(outputs)];
  const weightBytes = weights * element_bytes;
  const named = (suffix: string) => ({ name: `${name}${suffix}`, part: 'other' as const, dtype });
  const product = (suffix: string, moved: number, launches: number): Kernel => ({
    ...named(suffix),
    flops: 2 * macs,
    operand_bytes: weightBytes,
    activation_bytes: moved,
    launches,
  });
  const pass = (suffix: string, bytes: number): Kernel => elementwiseKernel(named(suffix), bytes, 1);
  const view = reach === 'view';
  const hasProduct = weights > 0;
  const keep = (part: string, bytes: number, weight_only = false): Saved => ({
    name: `${name}.${part}`,
    bytes,
    rows: batch,
    ...(weight_only && { weight_only: true as const }),
  });
  const saves = [
    ...(hasProduct ? [keep('input', input, true)] : KEEPS_INPUTS.includes(op) ? [keep('input', input)] : []),
    ...(norm > 0 ? [keep('norm', output)] : []),
    ...(nonlinearity !== undefined && !IN_PLACE.includes(nonlinearity) ? [keep('act', output)] : []),
  ];
  return {
    name,
    forward: view
      ? []
      : [
          hasProduct ? product('', input + output, OPS.product) : pass('', input + output),
          ...(norm > 0 ? [pass(' norm', 3 * output)] : []),
          ...(nonlinearity !== undefined ? [pass(' act', 2 * output)] : []),
        ],
    backward: view
      ? []
      : [
          ...(nonlinearity !== undefined ? [pass(' act backward', 3 * output)] : []),
          ...(norm > 0 ? [pass(' norm backward', 5 * output)] : []),
          hasProduct ? product(INPUT_GRADIENT, input + output, OPS.input_gradient) : pass(' backward', input + output),
        ],
    weight_gradient: hasProduct ? [product(' dW', input + output, OPS.weight_gradient)] : [],
    saves,
    block: { name: layer.block, matrices: weights, others: vectorsOf(layer) },
    scratch_bytes: input + output,
  };
}
