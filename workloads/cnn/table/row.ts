import { InputError, nearestName, oneOf, type Place } from '../../../input/index.ts';
import { isOperator } from './line.ts';
import type { TableRow } from './schema.ts';
import { type LayerSpec, OPERATORS, type Operator, PLAIN } from './spec.ts';

const ALIASES: Readonly<Record<string, Operator>> = {
  dwconv: 'dw',
  gconv: 'conv',
  resize_nearest_neighbor: 'resize',
};

/** The id or name a row is known by. */
export const rowName = (row: TableRow, index: number): string => row.name ?? `${row.op}${row.id ?? index}`;

/**
 * A row that is a map, as a spec. `nameOf` turns an input's id into a layer's name.
 * @throws InputError for an operator nobody knows.
 */
export function rowSpec(
  row: TableRow,
  index: number,
  nameOf: (input: number | string) => string,
  tableHasNorm: boolean,
  place: Place,
): LayerSpec {
  const op = ALIASES[row.op] ?? row.op;
  if (!isOperator(op)) {
    throw new InputError({
      code: 'unknown_name',
      problem: `unknown operator ${JSON.stringify(row.op)}`,
      found: row.op,
      expected: oneOf(OPERATORS),
      nearest: nearestName(row.op, OPERATORS),
      place,
    });
  }
  const out = Array.isArray(row.out) ? row.out : undefined;
  const from = row.in;
  const channels = out?.[0] ?? (typeof row.out === 'number' ? row.out : null);
  const kernel = typeof row.k === 'number' ? ([row.k, row.k] as const) : (row.k ?? ([1, 1] as const));
  const free = op === 'conv' || op === 'fc' || op === 'tconv' || op === 'attn';
  const wholeMap = op === 'avgpool' && from !== undefined && kernel[0] === from[1] && kernel[1] === from[2];
  const spec: LayerSpec = {
    ...PLAIN,
    name: rowName(row, index),
    op: wholeMap ? 'gap' : op,
    inputs: row.inputs?.map(nameOf) ?? null,
    out: free ? channels : null,
    kernel,
    stride: row.s ?? 1,
    padding: paddingOf(row, op, out, from),
    groups: op === 'dw' ? 1 : (row.g ?? 1),
    reads: readsOf(row, op, channels, kernel),
    norm: row.bn === undefined || row.bn === 0 ? 'none' : op === 'fc' ? 'input' : 'output',
    activation: row.act !== undefined && row.act !== 'none',
    bias: row.b === undefined ? !tableHasNorm : row.b > 0,
    window: row.tokens === undefined ? null : Math.ceil(Math.sqrt(row.tokens)),
    key: op === 'attn' ? (from?.[0] ?? null) : null,
    nonlinearity: row.act === undefined || row.act === 'none' ? null : row.act,
    factor: op === 'resize' && out && from ? out[1]! / from[1]! : 1,
    over: op === 'mean' && out && from ? averagedSide(out, from) : 'hw',
  };
  return spec;
}

function paddingOf(row: TableRow, op: Operator, out: number[] | undefined, from: number[] | undefined) {
  if (op === 'pad' && out && from) return Math.floor((out[1]! - from[1]!) / 2);
  if (row.p !== undefined) return row.p;
  if (row.pad === undefined) return null;
  return row.pad === 'same' ? 'same' : 'valid';
}

/** Channels of its inputs that a convolution reads, where its weights say so. */
function readsOf(row: TableRow, op: Operator, channels: number | null, kernel: readonly [number, number]) {
  if (op === 'dw') return channels;
  if (op !== 'conv' || row.w === undefined || channels === null) return null;
  return (row.w / (channels * kernel[0] * kernel[1])) * (row.g ?? 1);
}

/** Tables of converted models average one side at a time; a map transposed in between keeps its height for last. */
function averagedSide(out: readonly number[], from: readonly number[]): 'h' | 'w' {
  const ends = out[1] === 1 && out[2] === 1;
  if (ends) return from[1] !== 1 && from[2] !== 1 ? 'w' : 'h';
  return out[2] === 1 && from[2] !== 1 ? 'w' : 'h';
}
