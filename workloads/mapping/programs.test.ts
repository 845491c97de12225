import { describe, expect, it } from 'vitest';
import { InputError } from '../../input/index.ts';
import type { MappingProgram } from '../../sim/types/index.ts';
import { readNetwork } from '../load.ts';
import { GENERATORS, mappingProgram } from './index.ts';
import { kronecker, STRASSEN } from './strassen.ts';

const made = (program: string, size?: number, width?: number): MappingProgram => {
  const fields = { program, ...(size !== undefined && { size }), ...(width !== undefined && { width }) };
  const noText = (): never => {
    throw new Error('no file is read');
  };
  return mappingProgram(fields, readNetwork, noText, 3);
};

/** Multiplies two square matrices of numbers by a bilinear scheme over blocks in row order within row order. */
function multiply(scheme: Record<'u' | 'v' | 'w', readonly (readonly number[])[]>, a: number[], b: number[]): number[] {
  const dot = (row: readonly number[], x: readonly number[]): number => row.reduce((sum, c, i) => sum + c * x[i]!, 0);
  const products = scheme.u.map((row, r) => dot(row, a) * dot(scheme.v[r]!, b));
  return scheme.w.map((row) => dot(row, products));
}

/** Entries in the order of nested 2×2 blocks: the quadrant first, then the place in it. */
function nested(matrix: number[][]): number[] {
  const side = matrix.length;
  if (side === 1) return matrix[0]!.slice();
  const half = side / 2;
  return [0, 1].flatMap((i) =>
    [0, 1].flatMap((j) =>
      nested(matrix.slice(i * half, (i + 1) * half).map((row) => row.slice(j * half, (j + 1) * half))),
    ),
  );
}

describe('programs made by rule', () => {
  it.each(GENERATORS.map(({ id }) => id))('%s reads only what was there or made before', (id) => {
    const { buffers, ops } = made(id);
    const known = new Set(buffers.flatMap(({ input }, i) => (input ? [i] : [])));
    for (const { reads, writes } of ops) {
      for (const buffer of reads) expect(known.has(buffer)).toBe(true);
      for (const buffer of writes) known.add(buffer);
    }
    expect(ops.length).toBeGreaterThan(3);
    expect(buffers.every(({ bytes }) => Number.isSafeInteger(bytes) && bytes > 0)).toBe(true);
  });

  it('multiplies with the schemes it schedules', () => {
    const entry = (i: number, j: number, seed: number): number => ((i * 7 + j * 3 + seed) % 11) - 5;
    for (const side of [2, 4]) {
      const rows = (seed: number) =>
        Array.from({ length: side }, (_, i) => Array.from({ length: side }, (__, j) => entry(i, j, seed)));
      const [a, b] = [rows(1), rows(4)];
      const product = a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
      const twice = (c: readonly (readonly number[])[]) => (side === 2 ? c : kronecker(c, c));
      const scheme = { u: twice(STRASSEN.u), v: twice(STRASSEN.v), w: twice(STRASSEN.w) };
      expect(multiply(scheme, nested(a), nested(b))).toEqual(nested(product));
    }
    expect(made('strassen', 2).ops.filter(({ name }) => name.startsWith('m'))).toHaveLength(49);
  });

  it('plants buffers that fill the fast memory at every op', () => {
    const { buffers, ops } = made('planted', 30, 4096);
    const live = new Array<number>(ops.length).fill(0);
    buffers.forEach(({ bytes }, b) => {
      const first = ops.findIndex(({ writes }) => writes.includes(b));
      const last = ops.findIndex(({ reads }) => reads.includes(b));
      expect(last).toBeGreaterThan(first);
      for (let i = first; i <= last; i++) live[i]! += bytes;
    });
    expect(new Set(live)).toEqual(new Set([4096]));
  });

  it('turns a network into an op a layer', () => {
    const { buffers, ops } = made('mcunet-in3');
    const macs = ops.reduce((sum, { flops }) => sum + flops, 0) / 2;
    expect(macs).toBeGreaterThan(80e6);
    expect(buffers.filter(({ output }) => output)).toHaveLength(1);
  });

  it('refuses unknown names and sizes that are not free', () => {
    expect(() => made('transfomer')).toThrow(InputError);
    expect(() => made('mcunet-in3', 4)).toThrow('its own sizes');
  });
});
