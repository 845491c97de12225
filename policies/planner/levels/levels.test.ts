import { describe, expect, it } from 'vitest';
import { loadMachine } from '../../../hardware/load.ts';
import { levelled } from './levelled.ts';
import { levelsOf } from './levels.ts';

const machine = loadMachine('tpu-v5e');
const rates = (choice?: number | string[]) =>
  levelsOf(machine, choice).memories.map(({ id, bytes_per_s }) => [id, bytes_per_s]);

describe('the levels of a machine', () => {
  it('are its fastest two, so many, or those of the ids', () => {
    expect(rates()).toEqual([
      ['onchip', 17.82e12],
      ['gpu', 819e9],
    ]);
    expect(rates(3).map(([id]) => id)).toEqual(['onchip', 'gpu', 'cpu']);
    expect(rates(['cpu', 'gpu']).map(([id]) => id)).toEqual(['gpu', 'cpu']);
  });

  it('are reached at the rate of their link, whichever memories are chosen', () => {
    for (const choice of [3, ['onchip', 'cpu'], ['gpu', 'cpu']]) expect(rates(choice).at(-1)).toEqual(['cpu', 15e9]);
  });

  it('have room in all but the slowest', () => {
    const { memories } = levelsOf(machine, ['onchip', 'cpu']);
    expect(memories.map(({ bytes }) => bytes)).toEqual([2 ** 27, Number.POSITIVE_INFINITY]);
  });

  it('must be there', () => {
    expect(() => levelsOf(machine, 4)).toThrow('no 4 levels');
    expect(() => levelsOf(machine, ['onchip', 'gpux'])).toThrow('did you mean "gpu"');
    expect(() => levelsOf(loadMachine('gap9'))).toThrow('how fast its memory sram is');
  });
});

describe('the levels of a file', () => {
  const read = (memories: readonly object[]) =>
    levelled({ buffers: [], ops: [], levels: { memories, flop_per_s: 1 } }, 'p.json');
  const [near, far] = [
    { id: 'near', bytes: 10, bytes_per_s: 2 },
    { id: 'far', bytes_per_s: 1 },
  ];

  it('are refused without bytes or a rate, out of order and under one name', () => {
    expect(read([near, far]).levels.memories.map(({ id }) => id)).toEqual(['near', 'far']);
    expect(() => read([{ ...near, bytes: 0 }, far])).toThrow('levels.memories[0].bytes is 0');
    expect(() => read([{ id: 'near', bytes_per_s: 2 }, far])).toThrow('memory 0 of levels.memories has no bytes');
    expect(() => read([{ id: 'near', bytes: 10 }, far])).toThrow('"bytes_per_s" is missing');
    expect(() => read([{ ...near, bytes_per_s: 0.5 }, far])).toThrow('near is slower than far');
    expect(() => read([near, { ...far, id: 'near' }])).toThrow('two memories are called near');
  });
});
