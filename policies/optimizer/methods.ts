/**
 * Optimizers and adapters as data. Every kind is the same few mechanisms with other numbers: moments in some precision,
 * gradients projected to a rank, low-rank adapters beside frozen weights, frozen weights in few bits, a frozen trunk. A
 * study may give any field of them beside `kind`. A new method is an entry of `METHODS`.
 * @module
 */

/** Gradients of a layer's matrices are projected to a rank before the moments see them. */
export interface Projection {
  readonly rank: number;
  /** Bits of one element of a projector. */
  readonly projector_bits: number;
  /** Past projected gradients that a natural-gradient step keeps. */
  readonly history: number;
}

/**
 * What trains in a frozen model: low-rank matrices beside its own (Hu et al., LoRA, arXiv:2106.09685), thin products after
 * its own (Houlsby et al., arXiv:1902.00751), norms, biases (Ben Zaken et al., BitFit, arXiv:2106.10199) or tokens of a
 * prompt (Lester et al., arXiv:2104.08691).
 */
export interface Adapter {
  readonly form: 'low-rank' | 'bottleneck';
  /** Rank, or width of a bottleneck. */
  readonly rank: number;
  /** Names of the matrices beside which, or of the products after which, there is one. */
  readonly targets: readonly string[];
  /** Norms train too. */
  readonly norms: boolean;
  /** Every product and norm gets a bias that trains. */
  readonly biases: boolean;
  /** Tokens that train in front of each sequence, which counts them. */
  readonly prompt: number;
  /** The adapter's input passes a dropout: its mask and its output are kept for backward. */
  readonly dropout: boolean;
  /** Without dropout: it keeps a copy of its input, cast for its own weights, in place of the product's. */
  readonly own_input: boolean;
}

/** How the frozen weights of matrices are stored. */
export interface Base {
  readonly bits: number;
  /** Elements that share one scale; 0 = none. */
  readonly block: number;
  readonly scale_bits: number;
  /** Scales that share a scale of 32 bits (double quantisation); 0 = none. */
  readonly scale_block: number;
  /** Bits a matrix needs beside that, such as codebooks, spread over its elements. */
  readonly extra_bits: number;
  /** 16-bit copies of a matrix while a product reads it; 2 where it is expanded into one format and cast to another. */
  readonly expanded_copies: number;
  /** The product keeps its input for backward although its weights are frozen. */
  readonly keeps_input: boolean;
  /** The vocabulary projection is stored so too. */
  readonly head: boolean;
  /** And the token table. */
  readonly embedding: boolean;
}

/** Everything an optimizer part says, defaults filled in. */
export interface Method {
  readonly description: string;
  readonly weight_bits: number;
  readonly gradient_bits: number;
  /** Bits of the master copy of a weight; 0 = none. */
  readonly master_bits: number;
  /** Moments of each parameter: 2 for Adam, 0 for plain descent. */
  readonly moments: number;
  readonly moment_bits: number;
  /** Elements of a moment that share one fp32 scale; 0 = none. */
  readonly block: number;
  readonly projection: Projection | null;
  readonly adapter: Adapter | null;
  readonly base: Base;
}

/** Where a method projects and nothing else is said (GaLore, README: rank 128). */
export const PROJECTION: Projection = { rank: 128, projector_bits: 16, history: 0 };

/** LitGPT, `finetune/lora.py`: rank 8 on queries and values, with dropout. */
export const ADAPTER: Adapter = {
  form: 'low-rank',
  rank: 8,
  targets: ['query', 'value'],
  dropout: true,
  own_input: false,
  norms: false,
  biases: false,
  prompt: 0,
};

/** Frozen weights as they are computed with. */
export const BASE: Base = {
  bits: 16,
  block: 0,
  scale_bits: 32,
  scale_block: 0,
  extra_bits: 0,
  expanded_copies: 1,
  keeps_input: false,
  head: false,
  embedding: false,
};

/** Mixed precision: 18 bytes a parameter (Korthikanti et al., arXiv:2205.05198, section 5). */
const MIXED = {
  weight_bits: 16,
  gradient_bits: 32,
  master_bits: 32,
  moments: 2,
  moment_bits: 32,
  block: 0,
  projection: null,
  adapter: null,
  base: BASE,
} satisfies Omit<Method, 'description'>;

/** Everything in 16 bits: the weights are their own master copy. */
const PURE = { ...MIXED, gradient_bits: 16, master_bits: 0, moment_bits: 16 };

/** Every matrix of a layer. */
const LINEAR = ['query', 'key', 'value', 'projection', 'gate', 'up', 'down'];

/** NF4 with double quantisation: blocks of 64, 8-bit scales, one 32-bit scale for 256 of them (Dettmers et al., QLoRA, arXiv:2305.14314, section 3). */
const NF4: Base = { ...BASE, bits: 4, block: 64, scale_bits: 8, scale_block: 256 };

export const METHODS = {
  adam: { ...MIXED, description: 'Adam with two moments and a master copy, in chosen precisions' },
  // Dettmers et al. (arXiv:2110.02861, section 2.2): blocks of 2048.
  'adam-8bit': {
    ...MIXED,
    moment_bits: 8,
    block: 2048,
    description: 'Adam with both moments in 8 bits and a scale a block',
  },
  sgd: { ...MIXED, moments: 0, description: 'Plain gradient descent: no state beside a master copy' },
  galore: {
    ...PURE,
    projection: PROJECTION,
    description: 'Adam on gradients of matrices projected to a rank (GaLore)',
  },
  'natural-galore': {
    ...PURE,
    // Its repository, `code/natural_galore/subspace_adamw.py`: `natural_history`.
    projection: { ...PROJECTION, history: 20 },
    description: 'The same with a history of projected gradients for a natural-gradient step (Natural GaLore)',
  },
  lora: { ...PURE, adapter: ADAPTER, description: 'Adam on low-rank adapters beside frozen weights (LoRA)' },
  qlora: {
    ...PURE,
    adapter: { ...ADAPTER, targets: LINEAR },
    base: NF4,
    description: 'Adapters on every matrix of a layer, frozen weights in 4 bits (QLoRA)',
  },
} satisfies Readonly<Record<string, Method>>;

export type MethodKind = keyof typeof METHODS;
export const METHOD_KINDS = Object.keys(METHODS) as [MethodKind, ...MethodKind[]];

/** Bits in which one element of a frozen matrix is stored, scales and codebooks included. */
export function storedBits({ bits, block, scale_bits, scale_block, extra_bits }: Base): number {
  const scales = block === 0 ? 0 : (scale_bits + (scale_block === 0 ? 0 : 32 / scale_block)) / block;
  return bits + scales + extra_bits;
}

/** Kinds of the part, for `list policies`. */
export const OPTIMIZERS: readonly { readonly kind: string; readonly description: string }[] = Object.entries(
  METHODS,
).map(([kind, { description }]) => ({ kind, description }));
