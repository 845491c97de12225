import type { MappingProgram } from '../../sim/types/index.ts';
import { NUMBER_BYTES, ProgramBuilder } from './build.ts';

/**
 * A bilinear scheme for the product of 2×2 matrices: product `r` is (Σ u[r][i] a_i)(Σ v[r][i] b_i) over the four blocks
 * in the order 11, 12, 21, 22, and c_i = Σ w[i][r] m_r. These are Strassen's seven (Numerische Mathematik 13, 1969);
 * the tests multiply with them. AlphaTensor's schedules are of the same form (Fawzi et al., Nature 610, 2022).
 */
export const STRASSEN = {
  u: [
    [1, 0, 0, 1],
    [0, 0, 1, 1],
    [1, 0, 0, 0],
    [0, 0, 0, 1],
    [1, 1, 0, 0],
    [-1, 0, 1, 0],
    [0, 1, 0, -1],
  ],
  v: [
    [1, 0, 0, 1],
    [1, 0, 0, 0],
    [0, 1, 0, -1],
    [-1, 0, 1, 0],
    [0, 0, 0, 1],
    [1, 1, 0, 0],
    [0, 0, 1, 1],
  ],
  w: [
    [1, 0, 0, 1, -1, 0, 1],
    [0, 0, 1, 0, 1, 0, 0],
    [0, 1, 0, 1, 0, 0, 0],
    [1, -1, 1, 0, 0, 1, 0],
  ],
} as const;

/** The Kronecker product of two lists of coefficients: the scheme within each block of the scheme. */
export function kronecker(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number[][] {
  return a.flatMap((row) => b.map((other) => row.flatMap((x) => other.map((y) => x * y))));
}

/** `depth` levels of Strassen's scheme on blocks with sides of `side` numbers: 7^depth block products. */
export function strassen(depth: number, side: number): MappingProgram {
  let { u, v, w }: Record<'u' | 'v' | 'w', readonly (readonly number[])[]> = STRASSEN;
  for (let level = 1; level < depth; level++) {
    u = kronecker(u, STRASSEN.u);
    v = kronecker(v, STRASSEN.v);
    w = kronecker(w, STRASSEN.w);
  }
  const b = new ProgramBuilder();
  const bytes = side * side * NUMBER_BYTES;
  const blocks = (name: string) => u[0]!.map((_, i) => b.buffer(`${name}${i}`, bytes, { input: true }));
  const [left, right] = [blocks('a'), blocks('b')];
  const products = u.map((row, r) => {
    const term = (name: string, from: readonly number[], weights: readonly number[]): number => {
      const used = from.filter((_, i) => weights[i] !== 0);
      if (used.length === 1) return used[0]!;
      const sum = b.buffer(`${name}${r}`, bytes);
      b.op(`${name}${r}`, (used.length - 1) * side * side, used, [sum]);
      return sum;
    };
    const [s, t] = [term('s', left, row), term('t', right, v[r]!)];
    const m = b.buffer(`m${r}`, bytes);
    b.op(`m${r}`, 2 * side ** 3, [s, t], [m]);
    return m;
  });
  w.forEach((row, c) => {
    const used = products.filter((_, r) => row[r] !== 0);
    b.op(`c${c}`, (used.length - 1) * side * side, used, [b.buffer(`c${c}`, bytes, { output: true })]);
  });
  return b.program();
}
