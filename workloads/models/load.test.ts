import { describe, expect, it } from 'vitest';
import { dataSource } from '../../input/index.ts';
import { listModels, readModel } from './load.ts';
import { parseModel } from './model.ts';

describe('readModel', () => {
  it('fills the defaults in', () => {
    const opt = readModel('opt-30b');
    expect(opt).toMatchObject({ kv_heads: 56, head_dim: 128, gated: false, parallel: false });
    expect(opt.bias).toEqual({ qkv: true, out: true, mlp: true, head: false });
  });

  it('names the nearest model', () => expect(() => readModel('opt-30')).toThrow('did you mean "opt-30b"?'));

  it('reads a path', () => {
    expect(readModel('workloads/models/opt-30b.yaml')).toEqual(readModel('opt-30b'));
    expect(() => readModel('nowhere/model.yaml')).toThrow('there is no such');
  });

  it('has the whole catalogue', () => {
    const wanted =
      'bloom-176b falcon-7b gpt-175b gpt-1t gpt-22b gpt-530b gpt-j-6b gpt-neox-20b gpt2-medium llama2-13b llama2-70b ' +
      'llama2-7b llama3-70b llama3-8b mistral-7b opt-1.3b opt-13b opt-175b opt-30b opt-6.7b opt-66b qwen3-30b-a3b qwen3-32b';
    expect(listModels()).toEqual(expect.arrayContaining(wanted.split(' ')));
  });
});

describe('parseModel refuses', () => {
  const good = {
    id: 'm',
    title: 'M',
    source: 's',
    layers: 2,
    hidden: 8,
    heads: 2,
    ffn: 16,
    vocab: 9,
    position: 'rotary',
    norm: 'rms',
    activation: 'silu',
    dtype: 'fp16',
  };

  it.each([
    ['heads that do not divide the width', { heads: 3 }, '3 heads do not divide a width of 8'],
    ['key heads that do not divide the heads', { heads: 4, kv_heads: 3 }, '3 key heads do not divide 4'],
    ['learned positions without rows', { position: 'learned' }, '0 rows of learned positions'],
    ['rows of positions that are not learned', { positions: 4 }, '4 rows of rotary positions'],
    ['one norm for two steps', { norms: 1 }, 'one norm in a sequential block'],
    ['more active experts than experts', { moe: { experts: 2, active: 3, ffn: 4 } }, '3 active experts of 2'],
    ['unknown keys', { hiden: 8 }, 'hiden'],
  ])('%s', (_, over, message) => {
    expect(() => parseModel(dataSource({ ...good, ...over }, 'm.yaml'))).toThrow(message);
  });
});
