import type { ModelFile } from '../../models/schema.ts';
import type { Config } from './config.ts';

/** The parts of a model file that depend on the architecture. */
export type Shape = Omit<Partial<ModelFile>, 'id' | 'title' | 'source' | 'dtype' | 'parameters'> &
  Pick<ModelFile, 'layers' | 'hidden' | 'heads' | 'ffn' | 'vocab' | 'position' | 'norm' | 'activation'>;

/** Names of activation functions in configurations; approximations cost the same. */
const ACTIVATIONS = {
  relu: 'relu',
  gelu: 'gelu',
  gelu_new: 'gelu',
  gelu_fast: 'gelu',
  gelu_python: 'gelu',
  gelu_pytorch_tanh: 'gelu',
  silu: 'silu',
  swish: 'silu',
} as const;

const activation = (config: Config, fallback: string | null, ...names: string[]): ModelFile['activation'] =>
  config.choice(ACTIVATIONS, 'activation', fallback, ...names);

/** Llama and what follows it: grouped heads, rotary positions, RMS norms, a gated MLP. */
function llama(config: Config): Shape {
  const heads = config.count('num_attention_heads');
  const hidden = config.count('hidden_size');
  const biased = config.flagOr(false, 'attention_bias');
  return {
    layers: config.count('num_hidden_layers'),
    hidden,
    heads,
    kv_heads: config.countOr(heads, 'num_key_value_heads'),
    ...(config.has('head_dim') ? { head_dim: config.count('head_dim') } : {}),
    ffn: config.count('intermediate_size'),
    gated: true,
    vocab: config.count('vocab_size'),
    position: 'rotary',
    tied: config.flagOr(false, 'tie_word_embeddings'),
    bias: { qkv: biased, out: biased, mlp: config.flagOr(false, 'mlp_bias'), head: false },
    norm: 'rms',
    activation: activation(config, 'silu', 'hidden_act'),
  };
}

const qkv_bias = { qkv: true, out: false, mlp: false, head: false };

function mixtral(config: Config): Shape {
  const shape = llama(config);
  const moe = { experts: config.count('num_local_experts'), active: config.count('num_experts_per_tok') };
  return { ...shape, moe: { ...moe, ffn: shape.ffn, shared_ffn: 0 } };
}

/** Layers that differ from each other (some with experts, some without) have no model file yet. */
function qwen3Moe(config: Config): Shape {
  if (config.countOr(1, 'decoder_sparse_step') !== 1)
    throw config.refuse('decoder_sparse_step', '1: experts in every layer');
  if (!config.isEmptyList('mlp_only_layers')) throw config.refuse('mlp_only_layers', 'no layer without experts');
  return {
    ...llama(config),
    qk_norm: true,
    moe: {
      experts: config.count('num_experts', 'num_local_experts'),
      active: config.count('num_experts_per_tok'),
      ffn: config.count('moe_intermediate_size'),
      shared_ffn: 0,
    },
  };
}

/** Rows that OPT's position table has before the first position (`OPTLearnedPositionalEmbedding`). */
const OPT_POSITION_OFFSET = 2;

function opt(config: Config): Shape {
  const hidden = config.count('hidden_size');
  if (config.countOr(hidden, 'word_embed_proj_dim') !== hidden) {
    throw config.refuse('word_embed_proj_dim', `hidden_size (${hidden}): projected embeddings have no model file yet`);
  }
  if (!config.flagOr(true, 'do_layer_norm_before')) throw config.refuse('do_layer_norm_before', 'true');
  return {
    layers: config.count('num_hidden_layers'),
    hidden,
    heads: config.count('num_attention_heads'),
    ffn: config.count('ffn_dim'),
    vocab: config.count('vocab_size'),
    position: 'learned',
    positions: config.count('max_position_embeddings') + OPT_POSITION_OFFSET,
    tied: config.flagOr(true, 'tie_word_embeddings'),
    bias: config.flagOr(true, 'enable_bias'),
    norm: 'layer',
    activation: activation(config, null, 'activation_function'),
  };
}

/** Fields that GPT-2 and GPT-J share. */
function gptNames(config: Config) {
  const hidden = config.count('n_embd', 'hidden_size');
  return {
    layers: config.count('n_layer', 'num_hidden_layers'),
    hidden,
    heads: config.count('n_head', 'num_attention_heads'),
    ffn: config.countOr(4 * hidden, 'n_inner'),
    vocab: config.count('vocab_size'),
    norm: 'layer',
    activation: activation(config, 'gelu_new', 'activation_function'),
  } as const;
}

const gpt2 = (config: Config): Shape => ({
  ...gptNames(config),
  position: 'learned',
  positions: config.count('n_positions', 'max_position_embeddings'),
  tied: config.flagOr(true, 'tie_word_embeddings'),
  bias: true,
});

const gptJ = (config: Config): Shape => ({
  ...gptNames(config),
  position: 'rotary',
  tied: config.flagOr(false, 'tie_word_embeddings'),
  bias: { qkv: false, out: false, mlp: true, head: true },
  norms: 1,
  parallel: true,
});

function gptNeox(config: Config): Shape {
  const biased = config.flagOr(true, 'attention_bias');
  return {
    layers: config.count('num_hidden_layers'),
    hidden: config.count('hidden_size'),
    heads: config.count('num_attention_heads'),
    ffn: config.count('intermediate_size'),
    vocab: config.count('vocab_size'),
    position: 'rotary',
    tied: config.flagOr(false, 'tie_word_embeddings'),
    bias: { qkv: biased, out: biased, mlp: true, head: false },
    norm: 'layer',
    parallel: config.flagOr(true, 'use_parallel_residual'),
    activation: activation(config, 'gelu', 'hidden_act'),
  };
}

function bloom(config: Config): Shape {
  const hidden = config.count('hidden_size', 'n_embed');
  return {
    layers: config.count('n_layer', 'num_hidden_layers'),
    hidden,
    heads: config.count('n_head', 'num_attention_heads'),
    ffn: 4 * hidden,
    vocab: config.count('vocab_size'),
    position: 'alibi',
    tied: config.flagOr(true, 'tie_word_embeddings'),
    bias: true,
    norm: 'layer',
    embed_norm: true,
    activation: 'gelu',
  };
}

/** Falcon names its key heads in three ways; the new decoder has two norms, the old parallel one a single norm. */
function falcon(config: Config): Shape {
  const hidden = config.count('hidden_size');
  const heads = config.count('num_attention_heads', 'n_head');
  const renewed = config.flagOr(false, 'new_decoder_architecture');
  const old_kv_heads = config.flagOr(true, 'multi_query') ? 1 : heads;
  const parallel = renewed || config.flagOr(true, 'parallel_attn');
  return {
    layers: config.count('num_hidden_layers', 'n_layer'),
    hidden,
    heads,
    kv_heads: renewed ? config.countOr(heads, 'num_kv_heads', 'n_head_kv') : old_kv_heads,
    ffn: config.countOr(4 * hidden, 'ffn_hidden_size'),
    vocab: config.count('vocab_size'),
    position: config.flagOr(false, 'alibi') ? 'alibi' : 'rotary',
    tied: config.flagOr(true, 'tie_word_embeddings'),
    bias: config.flagOr(false, 'bias'),
    norm: 'layer',
    norms: parallel && !renewed ? 1 : 2,
    parallel,
    activation: activation(config, 'gelu', 'activation'),
  };
}

function phi(config: Config): Shape {
  if (config.flagOr(false, 'qk_layernorm')) throw config.refuse('qk_layernorm', 'false');
  const { gated: _gated, ...shape } = llama(config);
  return {
    ...shape,
    bias: { qkv: true, out: true, mlp: true, head: true },
    norm: 'layer',
    norms: 1,
    parallel: true,
    activation: activation(config, 'gelu_new', 'hidden_act'),
  };
}

/** T5: version 1.0 has ReLU and one table for both ends, version 1.1 a gate and a projection of its own. */
function t5(config: Config): Shape {
  const layers = config.count('num_layers');
  const feed_forward = config.textOr('relu', 'feed_forward_proj');
  const gated = feed_forward.startsWith('gated-');
  return {
    encoder: { layers },
    layers: config.countOr(layers, 'num_decoder_layers'),
    hidden: config.count('d_model'),
    heads: config.count('num_heads'),
    head_dim: config.count('d_kv'),
    ffn: config.count('d_ff'),
    gated,
    vocab: config.count('vocab_size'),
    position: 'relative',
    position_buckets: config.countOr(32, 'relative_attention_num_buckets'),
    tied: config.flagOr(true, 'tie_word_embeddings'),
    bias: false,
    norm: 'rms',
    mlp_dropout: true,
    activation: activation(config, feed_forward.replace('gated-', ''), 'dense_act_fn'),
  };
}

/** How the shape is read, by `model_type`. */
export const ARCHITECTURES: Readonly<Record<string, (config: Config) => Shape>> = {
  bloom,
  falcon,
  gpt2,
  gpt_neox: gptNeox,
  gptj: gptJ,
  llama,
  mistral: llama,
  mixtral,
  opt,
  phi,
  phi3: llama,
  qwen2: (config) => ({ ...llama(config), bias: qkv_bias }),
  qwen3: (config) => ({ ...llama(config), qk_norm: true }),
  qwen3_moe: qwen3Moe,
  t5,
};
