import { describe, expect, test } from 'vitest';
import { step } from './step.ts';

/** Does every way to share a step cost its collectives and save its memory? */

const sent = (metrics: Record<string, number>, link: 'nvlink' | 'net'): number =>
  metrics[`traffic.${link}.tx_bytes`] ?? 0;

describe('sharing a step', () => {
  const one = {
    model: 'llama2-7b',
    tensor_parallel: 1,
    batch: 1,
    microbatch: 1,
    seq: 8192,
    attention_kernel: 'flash',
  } as const;

  test('by sequence sends keys and values round a ring, and divides activations', () => {
    const alone = step(one);
    const shared = step({ ...one, context_parallel: 4 });
    const [tokens, kv, layers, ways] = [8192, 4096, 32, 4];
    // Forward, keys and values of the others; backward, those and their gradients: 2 bytes an element.
    const ring = 3 * (ways - 1) * 2 * 2 * (tokens / ways) * kv * layers;
    expect(sent(alone, 'nvlink')).toBe(0);
    expect(sent(shared, 'nvlink')).toBeCloseTo(ring, -3);
    expect(shared['memory.gpu.layer_activation_bytes']! * ways).toBeCloseTo(
      alone['memory.gpu.layer_activation_bytes']!,
      -3,
    );
    expect(shared['time.step_s']).toBeLessThan(alone['time.step_s']!);
    expect(shared['time.step_s']! * ways).toBeGreaterThan(alone['time.step_s']!);
  });

  test('of a tensor by sequence too moves as many bytes, and keeps less', () => {
    const plain = step({});
    const sequence = step({ sequence_parallel: true });
    // An all-reduce is a reduce-scatter and an all-gather; backward gathers its inputs once more.
    expect(sent(sequence, 'nvlink')).toBeGreaterThanOrEqual(sent(plain, 'nvlink'));
    expect(sequence['memory.gpu.layer_activation_bytes']).toBeLessThan(plain['memory.gpu.layer_activation_bytes']!);
    expect(sequence['time.layer_forward_s']).toBeLessThan(plain['time.layer_forward_s']!);
  });

  test('by experts exchanges tokens twice a layer each way, and divides their weights', () => {
    const moe = {
      model: 'qwen3-30b-a3b',
      tensor_parallel: 1,
      gpus: 8,
      batch: 8,
      microbatch: 1,
      seq: 2048,
      attention_kernel: 'flash',
    } as const;
    const alone = step(moe);
    const shared = step({ ...moe, expert_parallel: 8 });
    const [tokens, active, hidden, layers] = [2048, 8, 2048, 48];
    // Of what a rank routes, seven eighths go to others; to the experts and back, forward and backward.
    const exchanged = 4 * 2 * tokens * active * hidden * (7 / 8) * layers;
    expect(sent(shared, 'nvlink') - sent(alone, 'nvlink')).toBeCloseTo(exchanged, -3);
    expect(shared['memory.gpu.weight.peak_bytes']).toBeLessThan(alone['memory.gpu.weight.peak_bytes']! / 4);
  });

  test('by stages sends hidden states, and waits', () => {
    const alone = step({ model: 'gpt-175b', batch: 8, microbatch: 1 });
    const staged = step({ model: 'gpt-175b', batch: 8, microbatch: 1, pipeline_parallel: 8 });
    expect(alone['time.bubble_s']).toBe(0);
    // (p - 1) / m of the ideal time, and the sends.
    const ideal = staged['time.forward_s']! + staged['time.backward_s']!;
    expect(staged['time.bubble_s']! / ideal).toBeGreaterThan(0.8 * (7 / 8));
    expect(staged['memory.gpu.weight.peak_bytes']).toBeLessThan(alone['memory.gpu.weight.peak_bytes']! / 6);
  });
});
