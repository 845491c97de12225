import * as v from 'valibot';
import { quantity } from '../../input/index.ts';

const LARGEST = 100_000_000;

const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LARGEST), v.description(description));
const ways = (description: string) => v.optional(count(`${description} Default 1.`), 1);
const flag = (description: string, otherwise = false) =>
  v.optional(v.pipe(v.boolean(), v.description(description)), otherwise);

/** One training step of a transformer: forward, backward and the update. */
export const trainSchema = v.strictObject({
  kind: v.literal('train'),
  model: v.pipe(
    v.string(),
    v.minLength(1),
    v.description('Id of a model in the catalogue, or the path of a model file.'),
  ),
  shape: v.optional(
    v.pipe(
      v.strictObject({
        layers: v.optional(count('Transformer layers.')),
        hidden: v.optional(count('Width of the hidden state; the MLP keeps its ratio to it.')),
        heads: v.optional(count('Query heads, and key heads in proportion.')),
        vocab: v.optional(count('Rows of the token table, padding included.')),
      }),
      v.description('The model with another size, for grids of one family.'),
    ),
  ),
  pruned: v.optional(
    v.pipe(
      v.strictObject({
        layers: count('Layers that are pruned; the others stay whole.'),
        heads: v.optional(count('Query heads that a pruned layer keeps, and key heads in proportion.')),
        ffn: v.optional(count('MLP columns that a pruned layer keeps.')),
      }),
      v.description('The model after structured pruning. All its layers are simulated in their mean width.'),
    ),
  ),
  seq: count('Tokens of each sequence.'),
  target: v.optional(
    count('Tokens of each target sequence, for a model with an encoder; `seq` are those of the source.'),
  ),
  batch: count('Sequences of the whole step, all copies of the model together.'),
  microbatch: ways('Sequences computed together by one copy.'),
  gpus: v.optional(count('Devices. Default: the product of the parallel sizes.')),
  tensor_parallel: ways('Devices that share each layer.'),
  pipeline_parallel: ways('Stages that share the layers.'),
  interleave: ways('Chunks of layers that each stage holds (interleaved 1F1B).'),
  data_parallel: v.optional(count('Copies of the model. Default: what is left of `gpus`.')),
  context_parallel: ways('Devices that share each sequence.'),
  expert_parallel: ways('Devices that share the experts, inside the copies of the model.'),
  sequence_parallel: flag('Norms and dropouts are divided over the tensor group by sequence.'),
  attention_kernel: v.optional(
    v.pipe(
      v.picklist(['eager', 'flash']),
      v.description('`eager`: score matrices go through device memory; `flash`: fused, they never exist.'),
    ),
    'eager',
  ),
  sparse_attention: v.optional(
    v.pipe(
      v.strictObject({
        full_layers: v.pipe(
          v.number(),
          v.integer(),
          v.minValue(0),
          v.description('Layers that attend to every token.'),
        ),
        window: count('Tokens that a query of the other layers attends to, sinks included.'),
      }),
      v.description(
        'Attention of most layers over a window (LongGen). All layers are simulated with the mean number of pairs.',
      ),
    ),
  ),
  flop_convention: v.optional(
    v.pipe(
      v.picklist(['full', 'causal']),
      v.description('Attention FLOPs that the model FLOPs count: every pair, or half of them.'),
    ),
    'full',
  ),
  dtype: v.optional(
    v.pipe(
      v.picklist(['fp16', 'bf16', 'fp32']),
      v.description('Precision of weights and arithmetic. Default: the model’s.'),
    ),
  ),
  dropout: flag(
    'Dropout after attention, its scores and the MLP. Default: where the model has learned positions.',
    true,
  ),
  fused: flag('Element-wise chains run as one kernel each (a compiler or fused kernels).', true),
  loss: v.optional(
    v.pipe(
      v.picklist(['whole', 'chunked', 'split']),
      v.description(
        '`chunked`: logits exist for a slice of the tokens at a time; `split`: made in slices that all stay until backward, in fp32.',
      ),
    ),
    'whole',
  ),
  allocator: v.optional(
    v.pipe(
      v.strictObject({
        kind: v.literal('caching'),
        expandable_segments: flag('Segments grow at their end in place of new ones being taken.'),
        max_split_bytes: v.optional(
          quantity('bytes', {
            description: 'Blocks of this size and more are not split. Default: no limit',
            exclusiveMin: 0,
          }),
        ),
      }),
      v.description(
        "Allocations of the step go one by one through PyTorch's caching allocator, which gives reserved bytes and verdicts by them. Default: bytes are counted.",
      ),
    ),
  ),
  loss_tokens: v.optional(
    count('Tokens of each sequence in one slice of the loss. Default: 4096 in all if `chunked`, 128 if `split`.'),
  ),
  returns_cache: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'The decoder returns its keys and values, as Hugging Face models do with `use_cache`: they stay until backward begins. Default false.',
      ),
    ),
  ),
  keeps_softmax_input: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Softmax, of scores and of a whole loss, keeps its input for backward beside its output, as PyTorch before 1.11 does. Default false.',
      ),
    ),
  ),
  norm_fp32_tensors: v.optional(
    v.pipe(
      v.picklist([1, 2]),
      v.description(
        'Norms of 16-bit activations run in fp32, as under `torch.autocast`, and keep this many tensors of that precision in place of their input.',
      ),
    ),
  ),
  returns_fp32: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Keys, values and logits go to the caller as fp32 copies, which stay until backward begins, as from models that Accelerate runs in mixed precision. Default false.',
      ),
    ),
  ),
  narrow_logits: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'The model leaves its logits in 16 bits: a whole loss keeps the copy that it shifts, and they stand beside the fp32 copy of `returns_fp32`. Default false.',
      ),
    ),
  ),
  side: v.optional(
    v.pipe(
      v.strictObject({
        kind: v.pipe(
          v.picklist(['ladder', 'fusion']),
          v.description('`ladder`: a thin model beside it; `fusion`: thin copies of hidden states, summed by weights.'),
        ),
        reduction: count('Hidden width over the width of the side network.'),
        taps: count(
          'Hidden states it takes of the layers: a ladder one for each of its own, a fusion with that of the embeddings.',
        ),
        source_taps: v.optional(count('Hidden states it takes of the encoder.')),
        late_layers: v.optional(
          v.pipe(
            v.number(),
            v.integer(),
            v.minValue(0),
            v.description('Layers that read a fusion, frozen too: gradients pass through them. Default 0.'),
          ),
          0,
        ),
      }),
      v.description('A side network that trains beside the frozen model, into whose other layers no gradient goes.'),
    ),
  ),
  qkv: v.optional(
    v.pipe(
      v.picklist(['separate', 'packed']),
      v.description(
        '`packed`: one product makes queries, keys and values, the values stay a view of all three, and grouped heads are repeated. Default `separate`.',
      ),
    ),
  ),
  measured_as: v.optional(
    v.pipe(
      v.picklist(['full', 'requirement']),
      v.description('`requirement`: memory is counted but not limited, as papers draw what a step would need.'),
    ),
    'full',
  ),
});

export type TrainFields = v.InferOutput<typeof trainSchema>;
