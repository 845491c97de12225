import { InputError } from '../../input/index.ts';
import type { AttentionRow, AttentionSource } from '../../sim/types/index.ts';

/**
 * Recorded attention: JSON lines, one row each, `{"layer": 0, "head": 0, "step": 1, "scores": [...]}` with a score for
 * every token up to the present one. Steps of one head ascend; scores are scaled to a sum of 1.
 * @module
 */

/** The rows of every recorded head, by `layer/head`. @throws InputError at the line that cannot be read. */
export function readAttentionTrace(lines: Iterable<string>, file: string): ReadonlyMap<string, AttentionSource> {
  const heads = new Map<string, number[][]>();
  let line = 0;
  for (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const { key, scores } = readLine(text, file, line);
    heads.set(key, [...(heads.get(key) ?? []), scores]);
  }
  return new Map([...heads].map(([key, rows]) => [key, new Recorded(rows)]));
}

function readLine(text: string, file: string, line: number): { key: string; scores: number[] } {
  const refuse = (problem: string): never => {
    const expected = '{"layer": n, "head": n, "step": n, "scores": [numbers]}';
    throw new InputError({ code: 'bad_value', problem, expected, place: { file, line } });
  };
  let data: { layer?: unknown; head?: unknown; scores?: unknown };
  try {
    data = JSON.parse(text) as typeof data;
  } catch {
    return refuse('the line is no JSON');
  }
  const { layer, head, scores } = data;
  if (!Number.isInteger(layer) || !Number.isInteger(head)) return refuse('a row without its layer and head');
  if (!Array.isArray(scores) || !scores.every((score) => typeof score === 'number' && score >= 0)) {
    return refuse('a row without scores of 0 and more');
  }
  return { key: `${String(layer)}/${String(head)}`, scores };
}

class Recorded implements AttentionSource {
  readonly prompt_tokens: number;
  readonly #rows: readonly (readonly number[])[];
  #at = 0;

  constructor(rows: readonly (readonly number[])[]) {
    this.#rows = rows;
    this.prompt_tokens = (rows[0]?.length ?? 1) - 1;
  }

  next(): AttentionRow | null {
    const scores = this.#rows[this.#at];
    if (scores === undefined) return null;
    this.#at += 1;
    const sum = scores.reduce((total, score) => total + score, 0);
    return {
      tokens: scores.length,
      positions: Int32Array.from(scores, (_, i) => i),
      mass: Float64Array.from(scores, (score) => (sum === 0 ? 0 : score / sum)),
      count: scores.length,
      rest_mass: 0,
    };
  }
}
