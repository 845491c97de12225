import { describe, expect, it } from 'vitest';
import { Walk } from './walk.ts';

describe('walk', () => {
  it('takes the peak of live buffers, without input and output', () => {
    const walk = new Walk('fp16', 1000);
    walk.run({ part: 'mlp', name: 'gemm', reads: ['input'], makes: { a: 10 } });
    walk.run({ part: 'mlp', name: 'gemm', reads: ['a'], makes: { b: 20 }, frees: ['a'] });
    walk.run({ part: 'mlp', name: 'gemm', reads: ['b'], makes: { output: 500 }, frees: ['b'] });
    walk.take({ c: 25 });
    expect(walk.work().scratch_bytes).toBe(25);
  });

  it('leaves out of an early peak the room that the output takes later', () => {
    const walk = new Walk('fp16', 1000);
    walk.run({ part: 'mlp', name: 'gemm', reads: ['input'], makes: { a: 80 } });
    walk.run({ part: 'mlp', name: 'gemm', reads: ['a'], makes: { output: 50 }, frees: ['a'] });
    walk.take({ c: 10 });
    expect(walk.work().scratch_bytes).toBe(80);
    const late = new Walk('fp16', 1000);
    late.run({ part: 'mlp', name: 'gemm', reads: ['input'], makes: { a: 80 }, frees: ['a'] });
    late.run({ part: 'mlp', name: 'gemm', makes: { output: 50 } });
    expect(late.work().scratch_bytes).toBe(30);
  });

  it('moves what is read, made and updated, and joins kernels of one name and part', () => {
    const walk = new Walk('bf16', 7);
    walk.run({ part: 'mlp', name: 'gemm', reads: ['input'], makes: { a: 10 }, flops: 3, operand_bytes: 5 });
    walk.run({ part: 'mlp', name: 'pointwise', updates: ['a'], launches: 4 });
    walk.run({ part: 'mlp', name: 'gemm', reads: ['a'], part_bytes: 2, flops: 4, operand_bytes: 6, times: 2 });
    expect(walk.work().kernels).toEqual([
      {
        name: 'gemm',
        part: 'mlp',
        dtype: 'bf16',
        flops: 11,
        operand_bytes: 17,
        activation_bytes: 17 + 24,
        launches: 3,
      },
      { name: 'pointwise', part: 'mlp', dtype: 'bf16', flops: 0, operand_bytes: 0, activation_bytes: 20, launches: 4 },
    ]);
  });

  it('refuses buffers that are not there, or there twice', () => {
    const walk = new Walk('fp16', 1);
    expect(() => walk.run({ part: 'mlp', name: 'gemm', reads: ['ghost'] })).toThrow('no live buffer ghost');
    walk.take({ a: 1 });
    expect(() => walk.take({ a: 1 })).toThrow('live already');
  });
});
