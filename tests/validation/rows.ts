import type { ClaimRow } from '../../sim/types/index.ts';
import { judgedClaims } from '../cli/built.ts';

/** The judged rows of every study of a system, or of one study. */
export const rowsOf = async (ref: string): Promise<readonly ClaimRow[]> => judgedClaims([ref]);

/** Absolute relative errors of rows that have one. */
export function errorsOf(rows: readonly ClaimRow[]): number[] {
  return rows.map(({ error, id }) => {
    if (error === null) throw new Error(`${id} has no error`);
    return Math.abs(error);
  });
}

export const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
