import type { LayerWork } from '../../types/program.ts';

/**
 * Cycles of the NE16 accelerator of GAP9 with 8-bit weights, as the cost model of MATCH has them (eml-eda/match,
 * target/gap9/ne16/cost_model.py). It makes tiles of 3 x 3 positions of 32 channels from blocks of 16 input channels;
 * weights of 3 x 3 kernels go in bit by bit, those of pointwise ones a whole byte at once.
 * @module
 */

const TILE_SIDE = 3;
/** Taps of a 3 x 3 kernel. */
const WINDOW = 9;
const OUTPUT_CHANNELS = 32;
const INPUT_CHANNELS = 16;
/** A depthwise tile makes as many channels as it reads. */
const FIFO = 6;
const WEIGHT_BITS = 8;
const NEXT_BLOCK = 2;
/** Positions under a tile of 3 x 3 kernels, a cycle each for 16 bytes. */
const PATCH = (TILE_SIDE + 2) ** 2;
const LOAD_3X3 = FIFO + PATCH;
const LOAD_POINTWISE = 10 + TILE_SIDE ** 2;
/** Nine positions of 32 bytes, and what begins and ends them. */
const STREAM_OUT = 4 + TILE_SIDE ** 2;
/** Each layer programs the transfers of its input, weights and output. */
const TRANSFERS = 3;
const TRANSFER_SETUP = 920;
const TRANSFER_BYTES_PER_CYCLE = 8;

/** Four-byte scales at four bytes a cycle, four shifters, eight adders of biases. */
const rescale = (channels: number): number =>
  Math.ceil(OUTPUT_CHANNELS / 4) + 9 + channels + 8 + Math.ceil(channels / 8);

/**
 * Cycles of a whole layer whose weights and maps are `bytes`. Transfers run beside tiles; a stride costs nothing. Kernels
 * that are neither 3 x 3 nor pointwise are products of gathered windows; gathering them is not charged, nor are pooling
 * and additions beyond their transfers.
 */
export function ne16Cycles(layer: LayerWork, bytes: number): number {
  return TRANSFERS * TRANSFER_SETUP + Math.max(tileCycles(layer), bytes / TRANSFER_BYTES_PER_CYCLE);
}

/** Of them, those in which its array multiplies: a cycle for each bit of a weight, or for a byte of a pointwise one. */
export function ne16ProductCycles({ kind, made, read_channels, taps }: LayerWork): number {
  const [channels, height, width] = made;
  const tiles = Math.ceil(height / TILE_SIDE) * Math.ceil(width / TILE_SIDE);
  if (kind === 'depthwise') return tiles * channels * WEIGHT_BITS;
  if (kind !== 'conv' && kind !== 'pointwise' && kind !== 'dense') return 0;
  return tiles * inputBlocks(read_channels, taps) * channels * (taps === WINDOW ? WEIGHT_BITS : 1);
}

function inputBlocks(read_channels: number, taps: number): number {
  return Math.ceil((taps === WINDOW ? read_channels : read_channels * taps) / INPUT_CHANNELS);
}

function tileCycles({ kind, made, read_channels, taps }: LayerWork): number {
  const [channels, height, width] = made;
  const tiles = Math.ceil(height / TILE_SIDE) * Math.ceil(width / TILE_SIDE);
  const each = (block: number, cycles: (channels: number) => number): number => {
    const rest = channels % block;
    return tiles * (Math.floor(channels / block) * cycles(block) + (rest === 0 ? 0 : cycles(rest)));
  };
  switch (kind) {
    case 'depthwise':
      return each(
        INPUT_CHANNELS,
        (k) => LOAD_3X3 + FIFO + k + FIFO + k * WEIGHT_BITS + NEXT_BLOCK + rescale(k) + STREAM_OUT,
      );
    case 'conv':
    case 'pointwise':
    case 'dense': {
      const is3x3 = taps === WINDOW;
      const blocks = inputBlocks(read_channels, taps);
      const load = is3x3 ? LOAD_3X3 : LOAD_POINTWISE;
      const product = (k: number): number => FIFO + (is3x3 ? k * WEIGHT_BITS : k);
      return each(OUTPUT_CHANNELS, (k) => blocks * (load + FIFO + product(k) + NEXT_BLOCK) + rescale(k) + STREAM_OUT);
    }
    default:
      return 0;
  }
}
