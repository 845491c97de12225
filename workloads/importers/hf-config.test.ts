import { describe, expect, it } from 'vitest';
import { importFile, listFormats, loadImporter } from '../importFile.ts';
import { readModel } from '../models/load.ts';
import { type Model, parameterCount } from '../models/model.ts';
import { convertHfConfig } from './hf-config.ts';

const convert = (config: Record<string, unknown>) =>
  convertHfConfig(JSON.stringify(config, null, 2), { file: 'config.json' });

/** Facts of published configurations and the model of the catalogue they must agree with. */
const PUBLISHED: Readonly<Record<string, Record<string, unknown>>> = {
  'opt-30b': {
    model_type: 'opt',
    hidden_size: 7168,
    num_hidden_layers: 48,
    num_attention_heads: 56,
    ffn_dim: 28672,
    vocab_size: 50272,
    max_position_embeddings: 2048,
    word_embed_proj_dim: 7168,
    do_layer_norm_before: true,
    activation_function: 'relu',
    torch_dtype: 'float16',
  },
  'gpt2-medium': {
    model_type: 'gpt2',
    n_embd: 1024,
    n_layer: 24,
    n_head: 16,
    n_positions: 1024,
    vocab_size: 50257,
    activation_function: 'gelu_new',
  },
  'gpt-j-6b': {
    model_type: 'gptj',
    n_embd: 4096,
    n_layer: 28,
    n_head: 16,
    n_inner: null,
    vocab_size: 50400,
    tie_word_embeddings: false,
    activation_function: 'gelu_new',
    torch_dtype: 'float16',
  },
  'gpt-neox-20b': {
    model_type: 'gpt_neox',
    hidden_size: 6144,
    num_hidden_layers: 44,
    num_attention_heads: 64,
    intermediate_size: 24576,
    vocab_size: 50432,
    hidden_act: 'gelu_fast',
    torch_dtype: 'float16',
  },
  'bloom-176b': {
    model_type: 'bloom',
    n_embed: 14336,
    n_layer: 70,
    num_attention_heads: 112,
    vocab_size: 250880,
    torch_dtype: 'bfloat16',
  },
  'falcon-7b': {
    model_type: 'falcon',
    hidden_size: 4544,
    num_hidden_layers: 32,
    num_attention_heads: 71,
    multi_query: true,
    parallel_attn: true,
    bias: false,
    alibi: false,
    new_decoder_architecture: false,
    vocab_size: 65024,
    torch_dtype: 'bfloat16',
  },
  'llama2-70b': {
    model_type: 'llama',
    hidden_size: 8192,
    num_hidden_layers: 80,
    num_attention_heads: 64,
    num_key_value_heads: 8,
    intermediate_size: 28672,
    vocab_size: 32000,
    hidden_act: 'silu',
    torch_dtype: 'float16',
  },
  'mistral-7b': {
    model_type: 'mistral',
    hidden_size: 4096,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 14336,
    vocab_size: 32000,
    sliding_window: 4096,
    torch_dtype: 'bfloat16',
  },
  't5-v1.1-large': {
    model_type: 't5',
    d_model: 1024,
    d_kv: 64,
    d_ff: 2816,
    num_layers: 24,
    num_decoder_layers: 24,
    num_heads: 16,
    feed_forward_proj: 'gated-gelu',
    relative_attention_num_buckets: 32,
    tie_word_embeddings: false,
    vocab_size: 32128,
    torch_dtype: 'bfloat16',
  },
  'qwen3-30b-a3b': {
    model_type: 'qwen3_moe',
    hidden_size: 2048,
    num_hidden_layers: 48,
    num_attention_heads: 32,
    num_key_value_heads: 4,
    head_dim: 128,
    intermediate_size: 6144,
    moe_intermediate_size: 768,
    num_experts: 128,
    num_experts_per_tok: 8,
    decoder_sparse_step: 1,
    mlp_only_layers: [],
    vocab_size: 151936,
    hidden_act: 'silu',
    torch_dtype: 'bfloat16',
  },
};

describe.each(Object.entries(PUBLISHED))('%s', (id, config) => {
  it('gives the shape of the catalogue', () => {
    const shapeOf = ({ id: _i, title: _t, source: _s, parameters: _p, ...shape }: Model) => shape;
    expect(shapeOf(convert(config).model)).toEqual(shapeOf(readModel(id)));
  });
});

describe('other families, by their parameter counts', () => {
  const llama = {
    num_hidden_layers: 32,
    hidden_size: 4096,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    intermediate_size: 14336,
    vocab_size: 32000,
  };

  it('mixtral has eight feed-forward networks', () => {
    const config = {
      ...llama,
      model_type: 'mixtral',
      num_local_experts: 8,
      num_experts_per_tok: 2,
      torch_dtype: 'bfloat16',
    };
    // Mixtral-8x7B, safetensors total on Hugging Face: 46,702,792,704.
    expect(parameterCount(convert(config).model)).toBe(46_702_792_704);
  });

  it('phi has biases everywhere and one norm', () => {
    const config = {
      model_type: 'phi',
      hidden_size: 2560,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      intermediate_size: 10240,
      vocab_size: 51200,
      hidden_act: 'gelu_new',
      torch_dtype: 'float16',
    };
    // Phi-2, safetensors total on Hugging Face: 2,779,683,840.
    expect(parameterCount(convert(config).model)).toBe(2_779_683_840);
  });

  it('qwen2 has biases on q, k and v alone', () => {
    const { bias } = convert({ ...llama, model_type: 'qwen2', torch_dtype: 'bfloat16' }).model;
    expect(bias).toEqual({ qkv: true, out: false, mlp: false, head: false });
  });
});

describe('text', () => {
  it('says what the configuration left open', () => {
    const { text, model } = convert({ ...PUBLISHED['gpt2-medium'], _name_or_path: 'openai-community/gpt2-medium' });
    expect(text).toContain('# The configuration names no precision; fp16 is taken.');
    expect(model.id).toBe('gpt2-medium');
    expect(convert(PUBLISHED['mistral-7b']!).text).toContain('sliding window');
  });
});

describe('bad configurations', () => {
  const good = PUBLISHED['llama2-70b']!;

  it.each([
    ['no architecture', { hidden_size: 8 }, 'the key "model_type" is missing'],
    ['an unknown architecture', { ...good, model_type: 'lama' }, 'config.json:2:17: unknown architecture "lama"'],
    [
      'a missing field',
      { ...good, intermediate_size: undefined },
      'the key "intermediate_size" is missing; expected a whole',
    ],
    ['a field that is null', { ...good, hidden_size: null }, 'the key "hidden_size" is missing'],
    ['text for a number', { ...good, vocab_size: 'many' }, 'vocab_size is "many"; expected a whole number'],
    ['an unknown activation', { ...good, hidden_act: 'mish' }, 'unknown activation "mish"'],
    ['an unknown precision', { ...good, torch_dtype: 'int3' }, 'unknown precision "int3"'],
    ['heads that do not divide', { ...good, num_key_value_heads: 7 }, '7 key heads do not divide 64 query heads'],
    ['layers without experts', { ...PUBLISHED['qwen3-30b-a3b'], mlp_only_layers: [0] }, 'mlp_only_layers is a list'],
    ['projected embeddings', { ...PUBLISHED['opt-30b'], word_embed_proj_dim: 512 }, 'word_embed_proj_dim is 512'],
  ])('%s', (_, config, message) => {
    expect(() => convert(config)).toThrow(message);
  });

  it('names the nearest architecture', () => {
    expect(() => convert({ ...good, model_type: 'lama' })).toThrow('did you mean "llama"?');
  });

  it('refuses what is no map', () => {
    expect(() => convertHfConfig('[1, 2]', { file: 'config.json' })).toThrow('config.json:1:1: the document is a list');
  });
});

describe('registry', () => {
  it('finds every importer by its file, under its own name', async () => {
    expect(listFormats()).toContain('hf-config');
    for (const format of listFormats()) expect((await loadImporter(format)).format).toBe(format);
  });

  it('refuses formats and files that are not there', async () => {
    await expect(loadImporter('hf-confg')).rejects.toThrow('unknown format "hf-confg"');
    await expect(importFile('hf-config', 'nowhere.json')).rejects.toThrow('nowhere.json: there is no such file');
  });
});
