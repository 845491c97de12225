import { describe, expect, it } from 'vitest';
import { parseYaml, validate } from '../input/index.ts';
import { buildProgram, workloadSchema } from './index.ts';
import { readModel } from './models/load.ts';

const precision = { weight_bits: 16, kv_bits: 16, activation_bits: 16, group_size: 64, group_overhead_bits: 32 };
const read = (text: string) => validate(workloadSchema, parseYaml(text, 'study.yaml'));

describe('a workload', () => {
  it('becomes a program of its kind, with the model it names', () => {
    const workload = read('{kind: generate, model: opt-1.3b, prompt: 8, output: 4, batch: 2, batches: 3}');
    const program = buildProgram(workload, precision, readModel);
    expect(program.kind).toBe('generate');
    expect(program.layers.length).toBe(2 * 24 + 2);
    expect(program.produced).toEqual({ tokens: 24, decode_tokens: 18, requests: 6 });
  });

  it.each([
    ['{kind: generat}', 'study.yaml:1:8: unknown kind "generat"'],
    ['{kind: generate, model: m, prompt: 0, output: 4, batch: 2}', 'study.yaml:1:36: prompt is 0'],
    [
      '{kind: generate, model: m, prompt: 1, output: 4, batch: 2, atention_kernel: flash}',
      'did you mean "attention_kernel"',
    ],
  ])('%s is refused at its place', (text, message) => expect(() => read(text)).toThrow(message));

  it('names the nearest model', () => {
    const workload = read('{kind: generate, model: opt-1.3, prompt: 8, output: 4, batch: 2}');
    expect(() => buildProgram(workload, precision, readModel)).toThrow('did you mean "opt-1.3b"?');
  });

  it('takes half the hidden bytes with 8-bit activations, and none of the weights', () => {
    const workload = read('{kind: generate, model: opt-1.3b, prompt: 8, output: 4, batch: 2}');
    const [full, half] = [16, 8].map(
      (activation_bits) => buildProgram(workload, { ...precision, activation_bits }, readModel).summary,
    );
    expect(half!.hidden_bytes).toBe(full!.hidden_bytes / 2);
    expect(half!.weight_bytes).toBe(full!.weight_bytes);
  });
});
