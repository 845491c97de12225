import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPlacement, precisionOf } from '../../policies/index.ts';
import { resolvePreset } from '../../policies/kv/index.ts';
import { kvMaker } from '../../policies/kv/maker.ts';
import { readPreset } from '../../policies/presets/load.ts';
import { simulate } from '../../sim/executor/index.ts';
import type { Program } from '../../sim/types/index.ts';
import { generateFields } from '../../workloads/generate/schema.ts';
import { buildProgram } from '../../workloads/index.ts';
import { readModel } from '../../workloads/models/load.ts';
import { gpu, machine, memory } from './rig.ts';

const PROMPT = 6000;
const precision = precisionOf(undefined);

/** A prompt in chunks; `streaming` of the heads keep 384 tokens, the others all. */
function chunked(chunk: number, streaming: number): Program {
  const fields = { preset: 'duo-attention', chunk, streaming };
  const spec = resolvePreset(readPreset('duo-attention'), fields, () => undefined, readPreset);
  const workload = generateFields({
    model: 'opt-1.3b',
    prompt: PROMPT,
    output: 2,
    batch: 1,
    attention_kernel: 'flash',
  });
  return buildProgram(workload, precision, readModel, kvMaker(spec));
}
const flopsOf = ({ summary }: Program): number => summary.flops.prefill!.fp16!;

describe('a prompt in chunks', () => {
  it('computes what it computes whole, but for the logits of each chunk', () => {
    const whole = flopsOf(chunked(PROMPT, 0));
    fc.assert(
      fc.property(fc.integer({ min: 100, max: PROMPT - 1 }), (chunk) => {
        const more = flopsOf(chunked(chunk, 0)) - whole;
        expect(Math.abs(more) / whole).toBeLessThan(0.01);
      }),
      { numRuns: 25 },
    );
  });

  it('computes ever less where heads forget, the smaller the chunks', () => {
    const flops = [6000, 3000, 1500, 750].map((chunk) => flopsOf(chunked(chunk, 0.75)));
    expect(flops[0]).toBe(flopsOf(chunked(PROMPT, 0)));
    for (let i = 1; i < flops.length; i++) expect(flops[i]).toBeLessThan(flops[i - 1]!);
  });

  it('has a peak in either phase, the higher of which is the peak', async () => {
    const rig = machine({ memories: [memory('gpu'), memory('cpu')], links: [], compute: [gpu()] });
    const program = chunked(1000, 0.5);
    const { metrics } = simulate(rig, program, await loadPlacement(undefined, { machine: rig, program, precision }));
    const [all, prefill, decode] = ['', 'prefill_', 'decode_'].map(
      (phase) => metrics[`memory.gpu.${phase}peak_bytes`]!,
    );
    expect(all).toBe(Math.max(prefill!, decode!));
    expect(decode).toBeLessThan(prefill!);
  });
});
