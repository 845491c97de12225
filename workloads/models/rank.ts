import { InputError } from '../../input/index.ts';
import type { Model } from './model.ts';

/**
 * The share of a model that one of `ranks` tensor-parallel devices holds (Shoeybi et al., Megatron-LM, arXiv:1909.08053,
 * section 3): heads, inner widths and vocabulary are divided, the hidden state and the norms are not. Key and value heads
 * fewer than the ranks are held several times; the vocabulary is padded to a multiple of the ranks.
 * @throws InputError where a width does not divide, and for layers whose division no source describes
 */
export function rankModel(model: Model, ranks: number): Model {
  if (ranks === 1) return model;
  const { heads, kv_heads, ffn, vocab, moe, mixers, tables } = model;
  const refuse = (problem: string, expected: string): never => {
    const place = { file: 'tensor_parallel' };
    throw new InputError({ code: 'bad_value', problem, found: String(ranks), expected, place });
  };
  if (mixers.length > 0 || tables !== undefined) {
    refuse(`model "${model.id}" has layers that tensor parallelism does not divide`, '1, or a model of full attention');
  }
  const divide = (what: string, width: number): number =>
    width % ranks === 0
      ? width / ranks
      : refuse(`${ranks} devices do not divide the ${width} ${what} of "${model.id}"`, `a divisor of ${width}`);
  if (kv_heads > ranks) divide('key heads', kv_heads);
  return {
    ...model,
    heads: divide('heads', heads),
    kv_heads: Math.max(1, kv_heads / ranks),
    ffn: divide('inner neurons', ffn),
    vocab: Math.ceil(vocab / ranks),
    ...(moe && {
      moe: { ...moe, ffn: divide('inner neurons of an expert', moe.ffn), shared_ffn: moe.shared_ffn / ranks },
    }),
  };
}
