import { describe, expect, it } from 'vitest';
import { precisionOf, resolvePreset } from '../policies/index.ts';
import { kvMaker } from '../policies/kv/maker.ts';
import { readPreset } from '../policies/presets/load.ts';
import { PUBLISHED_FIT } from '../workloads/attention/process.ts';
import { generateFields } from '../workloads/generate/schema.ts';
import { buildProgram, type Workload } from '../workloads/index.ts';
import { readModel } from '../workloads/models/load.ts';
import { retainedMass, withProcessHits } from './proxy.ts';

const PROMPT = 64;
const STEPS = 4;

const workload = (trace: string): Workload =>
  generateFields({
    model: 'opt-1.3b',
    prompt: PROMPT,
    output: STEPS + 1,
    batch: 1,
    attention_kernel: 'flash',
    attention: {
      ...PUBLISHED_FIT,
      heads: 2,
      steps: STEPS,
      trace,
    },
  });

const retained = (tokens: number, rows: string, trace = 'rows.jsonl') => {
  const spec = resolvePreset(readPreset('quest'), { preset: 'quest', tokens }, () => undefined, readPreset);
  const given = workload(trace);
  const program = buildProgram(given, precisionOf(undefined), readModel, kvMaker(spec));
  return retainedMass(given, spec, program, 1, (file) => {
    if (file !== trace) throw new Error(file);
    return rows;
  });
};

/** A head whose tokens hold 1, 2, 3, … of the mass, in their order. */
const rising = (head: number, prompt = PROMPT): string =>
  Array.from({ length: STEPS }, (_, i) => {
    const scores = Array.from({ length: prompt + 1 + i }, (_, token) => token + 1);
    return JSON.stringify({ layer: 0, head, step: i + 1, scores });
  }).join('\n');

describe('heads that keep everything', () => {
  it('hold all of the mass, those that stream what their own tokens hold', () => {
    const given = generateFields({ ...workload('none'), attention: { heads: 4, steps: STEPS } } as never);
    const massOf = (streaming: number): number => {
      const fields = { preset: 'duo-attention', streaming, sink: 4, recent: 16 };
      const spec = resolvePreset(readPreset('duo-attention'), fields, () => undefined, readPreset);
      const program = buildProgram(given, precisionOf(undefined), readModel, kvMaker(spec));
      return retainedMass(given, spec, program, 1, () => '')['proxy.retained_mass']!;
    };
    expect(massOf(0)).toBe(1);
    expect(massOf(1)).toBeLessThan(0.95);
    expect(massOf(0.5)).toBeCloseTo((1 + massOf(1)) / 2, 9);
  });
});

describe('recorded attention', () => {
  it('gives the mass on the best tokens of its rows', () => {
    const sum = (n: number): number => (n * (n + 1)) / 2;
    const shares = [1, 2, 3, 4].map((step) => 1 - sum(PROMPT + step - 32) / sum(PROMPT + step));
    const metrics = retained(32, `${rising(0)}\n${rising(1)}\n`);
    expect(metrics['proxy.retained_mass']).toBeCloseTo(shares.reduce((a, b) => a + b) / 4, 12);
    expect(metrics['proxy.retained_mass_half_width']).toBeCloseTo(0, 12);
  });

  it('of one head has no interval', () => {
    expect(Object.keys(retained(32, rising(0)))).toEqual(['proxy.retained_mass', 'proxy.step_overlap']);
  });

  it('says what a fetch finds in place, where the fetch asks for it', () => {
    const metrics = { 'proxy.step_overlap': 0.75 };
    const kv = (reuse: string) =>
      resolvePreset(readPreset('a2ats'), { preset: 'a2ats', reuse }, () => undefined, readPreset);
    const fetched = (spec: ReturnType<typeof kv>) => {
      const program = buildProgram(workload('rows.jsonl'), precisionOf(undefined), readModel, kvMaker(spec));
      const ops = [...program.segments()].flatMap(({ ops }) => ops);
      return ops.find(({ phase, state }) => phase === 'decode' && state !== null)!.state!.use!.fetches[0]!.bytes;
    };
    expect(withProcessHits(kv('none'), metrics)).toBeNull();
    expect(withProcessHits(kv('process'), {})).toBeNull();
    const measured = withProcessHits(kv('process'), metrics)!;
    expect(fetched(kv('process'))).toBe(fetched(kv('none')));
    expect(fetched(measured) / fetched(kv('none'))).toBeCloseTo(0.25, 12);
  });

  it('is refused after another prompt, or without rows', () => {
    expect(() => retained(32, rising(0, 50))).toThrow('after a prompt of 50 tokens');
    expect(() => retained(32, '\n')).toThrow('has no rows');
  });
});
