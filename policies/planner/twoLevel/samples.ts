import type { Rng } from '../../../sim/kernel/random.ts';
import type { Levels, ProgramBuffer, ProgramOp, TwoLevelProgram } from './program.ts';

/** Builds a program op by op, buffers by name. */
class Builder {
  readonly buffers: ProgramBuffer[] = [];
  readonly ops: ProgramOp[] = [];

  buffer(id: string, bytes: number, kind: Pick<ProgramBuffer, 'input' | 'output'> = {}): number {
    this.buffers.push({ id, bytes, ...kind });
    return this.buffers.length - 1;
  }

  op(name: string, flops: number, reads: readonly number[], writes: readonly number[]): void {
    this.ops.push({ name, flops, reads: [...new Set(reads)], writes });
  }

  program(levels: Levels): TwoLevelProgram {
    return { levels, buffers: this.buffers, ops: this.ops };
  }
}

/** Bytes of a number in these programs: 16 bits. */
const NUMBER_BYTES = 2;

/** The sub-layers of a transformer block for `tokens` tokens, matrices as inputs, attention unfused. */
export function transformer(levels: Levels, layers: number, width: number, tokens: number): TwoLevelProgram {
  const b = new Builder();
  const heads = Math.max(width / 64, 1);
  const row = tokens * width * NUMBER_BYTES;
  const matrix = (name: string, n: number) => b.buffer(name, n * width * width * NUMBER_BYTES, { input: true });
  let x = b.buffer('embedded', row, { input: true });
  for (let l = 0; l < layers; l++) {
    const made = (name: string, bytes: number, output = false) => b.buffer(`${l}.${name}`, bytes, { output });
    const multiply = (name: string, n: number, read: number[], out: number) =>
      b.op(`${l}.${name}`, 2 * tokens * n * width * width, read, [out]);
    const qkv = made('qkv', 3 * row);
    multiply('qkv', 3, [x, matrix(`${l}.wqkv`, 3)], qkv);
    const scores = made('scores', heads * tokens * tokens * NUMBER_BYTES);
    b.op(`${l}.scores`, 2 * tokens * tokens * width, [qkv], [scores]);
    const soft = made('soft', heads * tokens * tokens * NUMBER_BYTES);
    b.op(`${l}.softmax`, 5 * heads * tokens * tokens, [scores], [soft]);
    const mixed = made('mixed', row);
    b.op(`${l}.mix`, 2 * tokens * tokens * width, [soft, qkv], [mixed]);
    const attended = made('attended', row);
    multiply('project', 1, [mixed, x, matrix(`${l}.wo`, 1)], attended);
    const up = made('up', 4 * row);
    multiply('up', 4, [attended, matrix(`${l}.w1`, 4)], up);
    const down = made('down', row, l === layers - 1);
    multiply('down', 4, [up, attended, matrix(`${l}.w2`, 4)], down);
    x = down;
  }
  return b.program(levels);
}

/** Residual blocks of two 3×3 convolutions, halving the resolution and doubling the channels every second block. */
export function residualCnn(levels: Levels, blocks: number, resolution: number, channels: number): TwoLevelProgram {
  const b = new Builder();
  let [side, width] = [resolution, channels];
  const map = (id: string, output = false) => b.buffer(id, side * side * width * NUMBER_BYTES, { output });
  let x = b.buffer('image', side * side * width * NUMBER_BYTES, { input: true });
  for (let k = 0; k < blocks; k++) {
    const from = width;
    if (k > 0 && k % 2 === 0) {
      side = Math.max(side / 2, 1);
      width *= 2;
    }
    const weights = (name: string, n: number) =>
      b.buffer(`${k}.${name}`, 9 * n * width * NUMBER_BYTES, { input: true });
    const flops = (n: number) => 2 * 9 * n * width * side * side;
    const first = map(`${k}.a`);
    b.op(`${k}.conv1`, flops(from), [x, weights('w1', from)], [first]);
    const second = map(`${k}.b`);
    b.op(`${k}.conv2`, flops(width), [first, weights('w2', width)], [second]);
    const sum = map(`${k}.sum`, k === blocks - 1);
    b.op(`${k}.add`, side * side * width, [second, x], [sum]);
    x = sum;
  }
  return b.program(levels);
}

/** A blocked matrix product by a fast bilinear scheme: `products` products, each of sums of blocks of both factors. */
export function bilinearMatmul(
  levels: Levels,
  side: number,
  blocks: number,
  products: number,
  random: Rng,
): TwoLevelProgram {
  const b = new Builder();
  const bytes = side * side * NUMBER_BYTES;
  const input = (name: string) =>
    Array.from({ length: blocks }, (_, i) => b.buffer(`${name}${i}`, bytes, { input: true }));
  const [left, right] = [input('a'), input('b')];
  const some = (from: readonly number[]) =>
    from
      .filter(() => random.chance(0.5))
      .concat(from[0]!)
      .slice(0, 4);
  const made: number[] = [];
  for (let p = 0; p < products; p++) {
    const [s, t, m] = ['s', 't', 'm'].map((name) => b.buffer(`${name}${p}`, bytes)) as [number, number, number];
    b.op(`s${p}`, side * side, some(left), [s]);
    b.op(`t${p}`, side * side, some(right), [t]);
    b.op(`m${p}`, 2 * side ** 3, [s, t], [m]);
    made.push(m);
  }
  for (let c = 0; c < blocks; c++) {
    const out = b.buffer(`c${c}`, bytes, { output: true });
    b.op(`c${c}`, side * side, random.shuffle(made.slice()).slice(0, 4), [out]);
  }
  return b.program(levels);
}

/** Ops that read what random earlier ops made, of sizes over two decades. */
export function randomGraph(levels: Levels, ops: number, random: Rng): TwoLevelProgram {
  const b = new Builder();
  const size = () => Math.ceil(1024 * 100 ** random.next());
  const known = Array.from({ length: 4 }, (_, i) => b.buffer(`in${i}`, size(), { input: true }));
  for (let i = 0; i < ops; i++) {
    const near = () => known[Math.max(known.length - 1 - Math.floor(random.exponential(5)), 0)]!;
    const out = b.buffer(`t${i}`, size(), { output: i === ops - 1 });
    b.op(`op${i}`, size() * 20 ** (2 * random.next()), [near(), near()], [out]);
    known.push(out);
  }
  return b.program(levels);
}
