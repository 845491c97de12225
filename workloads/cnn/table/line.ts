import { InputError, nearestName, oneOf, type Place } from '../../../input/index.ts';
import { ACTIVATIONS, type LayerSpec, OPERATORS, type Operator, PLAIN } from './spec.ts';

/**
 * The one-line form of a layer: `name operator words…`, then `<` and the layers it reads where that is not the one
 * before. Words: `16` output channels, `k3` or `k3x5` kernel, `s2` stride, `p1`, `same` or `valid` padding, `g4` groups,
 * `c16` channels read of each input, an activation, `bias` or `nobias` where no normalisation follows, `bn` where one
 * does, `bn_in` where one precedes, `w7` attention window, `q16` query channels, `h4` heads, `n16` scan state, `r6` scan rank,
 * `d4` scan directions, `x2` resize factor, `over_w` averaged side, `64x1x1` a shape; of an
 * operator that only its output describes (`other`), `m1000` multiply-adds and `t64` constants.
 *
 * @example `b2.dw dw k7 s2 relu6`, `b2.add add < b2.project b1.project`
 */
export function parseLine(text: string, norm: 'output' | 'none', place: Place): LayerSpec {
  const [left = '', right] = text.split('<', 2);
  const [name, op, ...words] = left.trim().split(/\s+/);
  if (name === undefined || op === undefined || name === '') {
    throw new InputError({
      code: 'bad_value',
      problem: `${JSON.stringify(text)} is no layer`,
      found: text,
      expected: '"name operator words…", such as "b1.dw dw k3 relu6"',
      place,
    });
  }
  if (!isOperator(op)) {
    throw new InputError({
      code: 'unknown_name',
      problem: `unknown operator ${JSON.stringify(op)}`,
      found: op,
      expected: oneOf(OPERATORS),
      nearest: nearestName(op, OPERATORS),
      place,
    });
  }
  const convolves = op === 'conv' || op === 'dw' || op === 'tconv';
  let spec: LayerSpec = { ...PLAIN, name, op, norm: convolves ? norm : 'none' };
  for (const word of words) spec = withWord(spec, word, place);
  spec = { ...spec, nonlinearity: nonlinearityOf(words) };
  const inputs = right?.trim().split(/\s+/) ?? [];
  return right === undefined ? spec : { ...spec, inputs };
}

const nonlinearityOf = (words: readonly string[]): string | null =>
  words.find((word) => word !== 'none' && (ACTIVATIONS as readonly string[]).includes(word)) ?? null;

export const isOperator = (op: string): op is Operator => (OPERATORS as readonly string[]).includes(op);

const FLAGS: Readonly<Record<string, Partial<LayerSpec>>> = {
  same: { padding: 'same' },
  valid: { padding: 'valid' },
  bn: { norm: 'output' },
  bn_in: { norm: 'input' },
  bias: { norm: 'none', bias: true },
  nobias: { norm: 'none', bias: false },
  over_h: { over: 'h' },
  over_w: { over: 'w' },
  ...Object.fromEntries(ACTIVATIONS.map((name) => [name, { activation: name !== 'none' }])),
};

const LETTERS: Readonly<Record<string, (n: number) => Partial<LayerSpec>>> = {
  '': (out) => ({ out }),
  k: (n) => ({ kernel: [n, n] }),
  s: (stride) => ({ stride }),
  p: (padding) => ({ padding }),
  g: (groups) => ({ groups }),
  c: (reads) => ({ reads }),
  w: (window) => ({ window }),
  q: (key) => ({ key }),
  h: (heads) => ({ heads }),
  n: (state) => ({ state }),
  r: (rank) => ({ rank }),
  d: (directions) => ({ directions }),
  x: (factor) => ({ factor }),
  m: (macs) => ({ macs }),
  t: (constants) => ({ constants }),
};

function withWord(spec: LayerSpec, word: string, place: Place): LayerSpec {
  const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
  if (flag) return { ...spec, ...flag };
  const kernel = /^k(\d+)x(\d+)$/.exec(word);
  if (kernel) return { ...spec, kernel: [Number(kernel[1]), Number(kernel[2])] };
  const shape = /^(\d+)x(\d+)x(\d+)$/.exec(word);
  if (shape) return { ...spec, shape: [Number(shape[1]), Number(shape[2]), Number(shape[3])] };
  const one = /^([a-z]?)(\d+)$/.exec(word);
  const set = one && Object.hasOwn(LETTERS, one[1]!) ? LETTERS[one[1]!] : undefined;
  const value = Number(one?.[2]);
  if (set && value <= 1e13 && (value > 0 || word === 'p0')) return { ...spec, ...set(value) };
  throw new InputError({
    code: 'bad_value',
    problem: `${JSON.stringify(word)} says nothing about a layer`,
    found: word,
    expected: `a number with one of the letters ${Object.keys(LETTERS).filter(Boolean).join(', ')}, or ${oneOf(Object.keys(FLAGS))}`,
    nearest: nearestName(word, Object.keys(FLAGS)),
    place,
  });
}
