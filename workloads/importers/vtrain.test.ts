import { expect, test } from 'vitest';
import { importer } from './vtrain.ts';

const HEAD =
  '\uFEFF# GPUs,global batch,micro batch,hidden size,attention heads,# layers,sequence length,tensor parallelism,data parallelism,pipeline parallelism,iteration time (ms)';
const convert = (text: string): string => importer.convert(text, { file: 't.csv' }).text;

test('spoken columns become fields of a step, in seconds', () => {
  expect(convert(`${HEAD}\n2,16,8,1024,16,24,1024,1,1,2,372.160408\n`)).toBe(
    'id,gpus,batch,microbatch,hidden,heads,layers,seq,tensor_parallel,data_parallel,pipeline_parallel,step_s\nr0001,2,16,8,1024,16,24,1024,1,1,2,0.372160408\n',
  );
});

test.each([
  ['a missing column', 'a,b\n1,2\n', /column "# gpus" is missing/],
  ['a short row', `${HEAD}\n2,16\n`, /t.csv:2:1.*2 cells|this row has 2 cells/],
  ['a word', `${HEAD}\n2,16,8,1024,x,24,1024,1,1,2,3\n`, /"x" in the column "attention heads"/],
])('%s is refused', (_, text, message) => {
  expect(() => convert(text)).toThrow(message);
});
