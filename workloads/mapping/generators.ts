import type { Rng } from '../../sim/kernel/random.ts';
import type { MappingProgram } from '../../sim/types/index.ts';
import { NUMBER_BYTES, ProgramBuilder } from './build.ts';
import { planted } from './planted.ts';
import type { GENERATOR_IDS } from './schema.ts';
import { strassen } from './strassen.ts';

/** Programs made by rule. `size` counts what repeats, `width` is the size of one. */
export interface Generator {
  readonly id: (typeof GENERATOR_IDS)[number];
  readonly description: string;
  readonly size: number;
  readonly width: number;
  build(size: number, width: number, random: Rng): MappingProgram;
}

export const GENERATORS: readonly Generator[] = [
  {
    id: 'transformer',
    description: '`size` blocks of a transformer of `width` channels for 128 tokens, attention unfused',
    size: 2,
    width: 512,
    build: (size, width) => transformer(size, width, 128),
  },
  {
    id: 'decoder',
    description: '`size` blocks of a transformer of `width` channels for one token of each of 8 requests',
    size: 3,
    width: 256,
    build: (size, width) => transformer(size, width, 8),
  },
  {
    id: 'residual-cnn',
    description: '`size` residual blocks of two 3x3 convolutions, `width` channels at 56x56, halved every second block',
    size: 6,
    width: 64,
    build: (size, width) => residualCnn(size, 56, width),
  },
  {
    id: 'strassen',
    description: "Strassen's product of two matrices of 2^`size` by 2^`size` blocks with sides of `width`",
    size: 1,
    width: 256,
    build: strassen,
  },
  {
    id: 'random',
    description: '`size` ops that read what near earlier ones made, buffers of `width` bytes to a hundred times that',
    size: 30,
    width: 1024,
    build: randomGraph,
  },
  {
    id: 'planted',
    description: 'About `size` buffers that fill `width` bytes of fast memory without a gap, known to run all in it',
    size: 40,
    width: 65_536,
    build: planted,
  },
];

/** The sub-layers of transformer blocks for `tokens` tokens, matrices as inputs, attention unfused. */
function transformer(layers: number, width: number, tokens: number): MappingProgram {
  const b = new ProgramBuilder();
  const heads = Math.max(Math.floor(width / 64), 1);
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
  return b.program();
}

/** Residual blocks of two 3×3 convolutions, halving the resolution and doubling the channels every second block. */
function residualCnn(blocks: number, resolution: number, channels: number): MappingProgram {
  const b = new ProgramBuilder();
  let [side, width] = [resolution, channels];
  const map = (id: string, output = false) => b.buffer(id, side * side * width * NUMBER_BYTES, { output });
  let x = b.buffer('image', side * side * width * NUMBER_BYTES, { input: true });
  for (let k = 0; k < blocks; k++) {
    const from = width;
    if (k > 0 && k % 2 === 0) {
      side = Math.max(Math.floor(side / 2), 1);
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
  return b.program();
}

/** Ops that read what random earlier ops made, of sizes over two decades. */
function randomGraph(ops: number, width: number, random: Rng): MappingProgram {
  const b = new ProgramBuilder();
  const size = () => Math.ceil(width * 100 ** random.next());
  const known = Array.from({ length: 4 }, (_, i) => b.buffer(`in${i}`, size(), { input: true }));
  for (let i = 0; i < ops; i++) {
    const near = () => known[Math.max(known.length - 1 - Math.floor(random.exponential(5)), 0)]!;
    const out = b.buffer(`t${i}`, size(), { output: i === ops - 1 });
    b.op(`op${i}`, size() * 20 ** (2 * random.next()), [near(), near()], [out]);
    known.push(out);
  }
  return b.program();
}
