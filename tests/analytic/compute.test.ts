import { describe, expect, it } from 'vitest';
import { gpu, kernel, machine, memory, milliseconds, runScript, transfer } from './rig.ts';

describe('a kernel', () => {
  const time = (flops: number, bytes: number, unit = gpu()): number =>
    milliseconds(
      runScript((a) => void a.run('gpu', [kernel(flops, bytes)], 'compute', -1), { on: machine({ compute: [unit] }) }),
    );

  it('is bound by arithmetic above the knee of the roofline and by memory below', () => {
    // 1 TFLOP/s and 1 TB/s: the knee is at 1 FLOP a byte.
    expect(time(2e9, 1e9)).toBe(2);
    expect(time(1e9, 1e9)).toBe(1);
    expect(time(1e9, 2e9)).toBe(2);
  });

  it('adds both sides where the unit does not overlap them', () => {
    expect(time(2e9, 1e9, gpu({ roofline_exponent: 1 }))).toBe(3);
    // (3² + 4²)^½ = 5
    expect(time(3e9, 4e9, gpu({ roofline_exponent: 2 }))).toBeCloseTo(5, 9);
  });

  it('reaches the fraction of the peak that its size gives', () => {
    const curve = [
      [1e6, 0.1],
      [1e9, 0.5],
    ] as const;
    expect(time(1e9, 0, gpu({ efficiency: { fp16: curve } }))).toBe(2);
    // In the middle of the logarithms: 0.3.
    expect(time(Math.sqrt(1e15), 0, gpu({ efficiency: { fp16: curve } }))).toBeCloseTo(Math.sqrt(1e15) / 0.3e9, 5);
    expect(time(0, 1e9, gpu({ memory_efficiency: [[1, 0.8]] }))).toBe(1.25);
  });

  it('cannot start before the host has come to launch it, and a chain of short ones lasts as long as the launches', () => {
    const unit = gpu({ launch_s: 10e-6 });
    const on = machine({ compute: [unit] });
    // Ten kernels of 1 us each behind ten launches of 10 us.
    const short = runScript(
      (a) => {
        for (let i = 0; i < 10; i++) a.run('gpu', [kernel(1e6, 0)], 'compute', -1);
      },
      { on },
    );
    expect(milliseconds(short)).toBeCloseTo(0.1, 9);
    // Ten kernels of 1 ms: launches hide.
    const long = runScript(
      (a) => {
        for (let i = 0; i < 10; i++) a.run('gpu', [kernel(1e9, 0)], 'compute', -1);
      },
      { on },
    );
    expect(milliseconds(long)).toBeCloseTo(10, 9);
  });

  it('also waits for the tensor operations of the host that launch nothing, where the machine says what they take', () => {
    const chain = (view_s?: number): number => {
      const unit = { ...gpu({ launch_s: 10e-6 }), ...(view_s !== undefined && { view_s }) };
      const viewed = { ...kernel(1e6, 0), views: 3 };
      const run = runScript(
        (a) => {
          for (let i = 0; i < 10; i++) a.run('gpu', [viewed], 'compute', -1);
        },
        { on: machine({ compute: [unit] }) },
      );
      return milliseconds(run);
    };
    expect(chain()).toBeCloseTo(0.1, 9);
    expect(chain(2e-6)).toBeCloseTo(0.16, 9);
  });

  it('copies element by element no faster than that, where the unit says how fast', () => {
    const copy = (bytes: number, unit = gpu()): number =>
      milliseconds(
        runScript((a) => void a.run('gpu', [kernel(0, bytes, { copied_elements: 1e9 })], 'compute', -1), {
          on: machine({ compute: [unit] }),
        }),
      );
    expect(copy(4e9)).toBe(4);
    expect(copy(4e9, gpu({ copy_elements_per_s: 1e11 }))).toBe(10);
    expect(copy(4e9, gpu({ copy_elements_per_s: 1e12 }))).toBe(4);
  });

  it('counts its FLOPs, and as work of attention where it is', () => {
    const { metrics } = runScript((a) => {
      a.run('gpu', [kernel(3e6, 0, { part: 'attention' }), kernel(4e6, 0)], 'compute', -1);
    });
    expect(metrics['compute.flops']).toBe(7e6);
    expect(metrics['compute.attention_flops']).toBe(3e6);
  });

  it('is refused where the machine has no peak for its precision', () => {
    expect(() => runScript((a) => void a.run('gpu', [kernel(1, 0, { dtype: 'fp8' })], 'compute', -1))).toThrow(/fp8/);
  });
});

describe('overlap', () => {
  it('double buffering: n blocks take fetch + n × max(fetch, compute) + what is left', () => {
    // Fetch 10 ms (100 MB at 10 GB/s), compute 4 ms, five blocks, room for two: 5 × 10 + 4.
    const blocks = 5;
    const result = runScript(
      (a) => {
        const done: number[] = [];
        for (let i = 0; i < blocks; i++) {
          const room = a.allocate('gpu', 'weight', 100e6, -1);
          const here = a.move({ ...transfer('cpu', 'gpu', 100e6), queue: 'load', after: room });
          done.push(a.run('gpu', [kernel(4e9, 0)], 'compute', here));
          a.free('gpu', 'weight', 100e6, done[i]!);
        }
      },
      { on: machine({ memories: [memory('gpu', { capacity_bytes: 200e6 }), memory('cpu'), memory('disk')] }) },
    );
    expect(milliseconds(result)).toBe(54);
    expect(result.metrics['memory.gpu.peak_bytes']).toBe(200e6);
  });

  it('a single buffer adds fetch and compute', () => {
    const result = runScript(
      (a) => {
        for (let i = 0; i < 5; i++) {
          const room = a.allocate('gpu', 'weight', 100e6, -1);
          const here = a.move({ ...transfer('cpu', 'gpu', 100e6), after: room });
          a.free('gpu', 'weight', 100e6, a.run('gpu', [kernel(4e9, 0)], 'compute', here));
        }
      },
      { on: machine({ memories: [memory('gpu', { capacity_bytes: 100e6 }), memory('cpu'), memory('disk')] }) },
    );
    expect(milliseconds(result)).toBe(5 * 14);
  });

  it('a barrier loses the slack of the step it ends', () => {
    // Steps of max(10, 4) and max(2, 8): 10 + 8; without the barrier the chain would be max over streams: 12 and 12.
    const steps = (barrier: boolean) =>
      milliseconds(
        runScript((a) => {
          a.move({ ...transfer('cpu', 'gpu', 100e6), queue: 'load' });
          a.run('gpu', [kernel(4e9, 0)], 'compute', -1);
          if (barrier) a.barrier();
          a.move({ ...transfer('cpu', 'gpu', 20e6), queue: 'load' });
          a.run('gpu', [kernel(8e9, 0)], 'compute', -1);
        }),
      );
    expect(steps(true)).toBe(18);
    expect(steps(false)).toBe(12);
  });
});

describe('the host thread', () => {
  it('does one thing after another, and what is asked after waits for it', () => {
    // Two relays of 3 ms each, then a transfer of 10 ms asked for behind them.
    const result = runScript((a) => {
      a.host(3e-3, 'weight_read', -1);
      a.host(3e-3, 'weight_read', -1);
      a.move(transfer('cpu', 'gpu', 100e6));
    });
    expect(milliseconds(result)).toBe(16);
    expect(result.metrics['time.prefill.weight_read_s']).toBe(0.016);
  });
});
