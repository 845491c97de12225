import { describe, expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { DoesNotFitError } from '../../sim/errors.ts';
import { simulateTraining } from '../../sim/training/index.ts';
import { plansOf, step, trainingOf } from './step.ts';

/** What does a caching allocator make of a step? */

const caching = { kind: 'caching', expandable_segments: false } as const;
const fsdp = { optimizer: { kind: 'adam', zero: 3, weight_bits: 32, master_bits: 0, gradient_bits: 32 } } as const;

describe('the allocator of a step', () => {
  test('holds at least what is live, and no more where its segments grow', () => {
    const plain = step({ allocator: caching });
    const grown = step({ allocator: { ...caching, expandable_segments: true } });
    for (const metrics of [plain, grown]) {
      expect(metrics['memory.gpu.reserved_peak_bytes']).toBeGreaterThan(metrics['memory.gpu.live_peak_bytes']!);
      expect(metrics['memory.gpu.fragmentation']).toBeGreaterThan(0);
    }
    expect(grown['memory.gpu.reserved_peak_bytes']).toBeLessThanOrEqual(plain['memory.gpu.reserved_peak_bytes']!);
  });

  test('needs no more for recomputation than for keeping', () => {
    const reserved = (kind: 'keep' | 'full' | 'selective'): number =>
      step({ allocator: caching }, { activations: { kind } })['memory.gpu.reserved_peak_bytes']!;
    expect(reserved('full')).toBeLessThan(reserved('selective'));
    expect(reserved('selective')).toBeLessThan(reserved('keep'));
  });

  test('has a curve whose peaks are its metrics', () => {
    const machine = loadMachine('selene');
    const program = trainingOf({ allocator: caching });
    const { training, activations, optimizer } = plansOf({}, machine, program.training);
    const run = simulateTraining(machine, { ...program, training }, activations, optimizer, { timeline: true });
    const { memory, samples } = run.timeline!.allocator!;
    const peak = (k: 0 | 1): number => samples.reduce((most, sample) => Math.max(most, sample[k]), 0);
    expect(memory).toBe('gpu');
    expect(peak(0)).toBe(run.metrics['memory.gpu.live_peak_bytes']);
    expect(peak(1)).toBe(run.metrics['memory.gpu.reserved_peak_bytes']);
    expect(samples.every(([allocated, reserved]) => allocated <= reserved)).toBe(true);
  });

  test('is absent unless asked for', () => {
    expect(step({})).not.toHaveProperty('memory.gpu.reserved_peak_bytes');
  });

  test('says which request no hole held', () => {
    const small = { ...loadMachine('selene') };
    const machine = {
      ...small,
      memories: small.memories.map((memory) =>
        memory.id === 'gpu' ? { ...memory, capacity_bytes: 50 * 2 ** 30 } : memory,
      ),
    };
    const run = () => step({ allocator: caching, measured_as: 'full' }, { activations: { kind: 'full' } }, machine);
    expect(run).toThrow(DoesNotFitError);
    expect(run).toThrow(/a request of [\d.]+ GiB \(.+\) beside [\d.]+ GiB in use; the largest of the free blocks/);
  });

  test('keeps the gathers and scatters of divided weights apart from the rest', () => {
    const more = {
      model: 'llama3-8b',
      tensor_parallel: 1,
      gpus: 8,
      batch: 8,
      microbatch: 1,
      attention_kernel: 'flash',
    } as const;
    const { 'memory.gpu.reserved_peak_bytes': reserved, 'memory.gpu.live_peak_bytes': live } = step(
      { ...more, allocator: caching },
      fsdp,
    );
    // At least the gathered tables, which nothing else may use when they are gone.
    expect(reserved! - live!).toBeGreaterThan(2 * 128256 * 4096 * 2 * 0.9);
  });
});
