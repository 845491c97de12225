import { describe, expect, it } from 'vitest';
import { InputError } from '../../../../input/errors.ts';
import { readProblem } from './read.ts';
import { writePlan } from './write.ts';

const read = (text: string, closed?: boolean) => readProblem(text, 'b.csv', closed).buffers;

describe('reading buffers', () => {
  it('takes half-open lives, alignments, fixed offsets and gaps with windows', () => {
    const text = 'id,lower,upper,size,alignment,offset,gaps\nx,0,9,8,4,12,2-3 4-6@0:5\ny,9,10,1,,,\n';
    expect(read(text)).toEqual([
      {
        id: 'x',
        lower: 0,
        upper: 9,
        size_bytes: 8,
        alignment_bytes: 4,
        fixed_offset_bytes: 12,
        gaps: [
          { lower: 2, upper: 3 },
          { lower: 4, upper: 6, window: { from_bytes: 0, to_bytes: 5 } },
        ],
      },
      { id: 'y', lower: 9, upper: 10, size_bytes: 1 },
    ]);
  });

  it('adds the last step of closed lives: by the name of the column, or when told', () => {
    const one = [{ id: 'x', lower: 0, upper: 4, size_bytes: 8 }];
    expect(read('buffer,start,end,size\nx,0,3,8\n')).toEqual(one);
    expect(read('id,lower,upper,size\nx,0,3,8\n', true)).toEqual(one);
    expect(read('buffer,start,end,size\nx,0,4,8\n', false)).toEqual(one);
  });

  it('numbers the rows of TFLite Micro and knows its -1', () => {
    expect(read('size,first_time_used,last_time_used,offline_offset\n10,0,1,-1\n20,1,2,64\n')).toEqual([
      { id: '0', lower: 0, upper: 2, size_bytes: 10 },
      { id: '1', lower: 1, upper: 3, size_bytes: 20, fixed_offset_bytes: 64 },
    ]);
  });

  it('takes JSON of its own and contest problems', () => {
    const own = { capacity_bytes: 9, buffers: [{ id: 'x', lower: 0, upper: 1, size_bytes: 8 }] };
    expect(readProblem(JSON.stringify(own), 'b.json')).toMatchObject(own);
    const nodes = {
      intervals: [
        [0, 2],
        [1, 1],
        [1, 3],
      ],
      usages: [[5, 9], [4], [0]],
    };
    expect(read(JSON.stringify({ problem: { nodes } }))).toEqual([{ id: '0', lower: 0, upper: 2, size_bytes: 5 }]);
  });

  it('takes traces of STAlloc, with what outlives them', () => {
    const trace =
      'Iteration Index : 1\n0 0x9 64 0\n1 0xa 512 0\n1 0xb 100 0\nA->B Layer : mlp\n0 0xa 512 0\n1 0xa 8 0\n';
    expect(read(trace)).toEqual([
      { id: '0', lower: 1, upper: 3, size_bytes: 512 },
      { id: '1', lower: 2, upper: 5, size_bytes: 100 },
      { id: '2', lower: 4, upper: 5, size_bytes: 8 },
    ]);
    expect(() => read('1 0xa 8 0\n1 0xa 8 0\n')).toThrow(/b.csv:2.*again/);
  });

  it('writes the offsets beside what it read', () => {
    const text = 'id,lower,upper,size\nx,0,1,8\ny,0,1,4\n';
    expect(writePlan(readProblem(text, 'b.csv'), text, [4, 0])).toBe(
      'id,lower,upper,size,offset\nx,0,1,8,4\ny,0,1,4,0\n',
    );
  });
});

describe('refusing buffers', () => {
  const head = 'id,lower,upper,size,offset\n';
  it.each([
    ['a zero size', 'x,0,1,0,', 2, /size is 0/],
    ['a negative size', 'x,0,1,-4,', 2, /size is -4/],
    ['a reversed life', 'x,0,1,4,\ny,3,2,4,', 3, /reversed/],
    ['an empty life', 'x,3,3,4,', 2, /empty/],
    ['an id given twice', 'x,0,1,4,\ny,0,1,4,\nx,0,1,4,', 4, /twice \(first on line 2\)/],
    ['fixed offsets that overlap', 'x,0,2,4,0\ny,2,3,4,0\nz,1,2,4,3', 4, /overlaps that of "x"/],
    ['an offset past 2^53', 'x,0,1,4,9007199254740990', 2, /2\^53/],
    ['a number past 2^53', 'x,0,1,9007199254740993,', 2, /2\^53/],
    ['sizes that add up past 2^53', 'x,0,1,9007199254740991,\ny,0,1,1,', 3, /add up/],
    ['half a byte', 'x,0,1,4.5,', 2, /whole number/],
    ['a negative offset', 'x,0,1,4,-1', 2, /offset is -1/],
  ])('names the row of %s', (_, rows, line, message) => {
    const reading = (): unknown => read(`${head}${rows}\n`);
    expect(reading).toThrow(message);
    try {
      reading();
    } catch (error) {
      expect((error as InputError).place).toMatchObject({ file: 'b.csv', line });
    }
  });

  it('refuses windows and gaps outside their buffer', () => {
    const gaps = (text: string) => () => read(`id,lower,upper,size,gaps\nx,0,9,8,${text}\n`);
    expect(gaps('2-12')).toThrow(/leaves the life/);
    expect(gaps('2-4@0:9')).toThrow(/leaves the buffer/);
    expect(gaps('2-4 3-5')).toThrow(/meets another/);
    expect(gaps('2+4')).toThrow(InputError);
  });
});
