import { describe, expect, it } from 'vitest';
import { machine, memory, milliseconds, pcie, runScript, transfer } from './rig.ts';

const h2d = { name: 'h2d', bytes_per_s: 10e9, setup_s: 0, transfer_times: [] };
const d2h = { name: 'd2h', bytes_per_s: 10e9, setup_s: 0, transfer_times: [] };

describe('one transfer', () => {
  it('takes setup + bytes / bandwidth', () => {
    const on = machine({ links: [pcie({ forward: { ...h2d, setup_s: 20e-6 } })] });
    // 100 MB at 10 GB/s = 10 ms, and 0.02 ms.
    expect(milliseconds(runScript((a) => void a.move(transfer('cpu', 'gpu', 100e6)), { on }))).toBe(10.02);
  });

  it('takes the measured time of its size where the link has a table', () => {
    const on = machine({
      links: [
        pcie({
          forward: {
            ...h2d,
            setup_s: 20e-6,
            transfer_times: [
              [1e3, 30e-6],
              [65e3, 46e-6],
            ],
          },
        }),
      ],
    });
    const time = (bytes: number): number =>
      milliseconds(runScript((a) => void a.move(transfer('cpu', 'gpu', bytes)), { on }));
    expect(time(1e3)).toBeCloseTo(0.03, 9);
    // Half way between the points of the table.
    expect(time(33e3)).toBeCloseTo(0.038, 9);
    // Far beyond the table: setup + bytes / plateau.
    expect(time(100e6)).toBeCloseTo(10.02, 9);
  });

  it('moves the bytes of a measured size faster over a faster link, after the same setup', () => {
    const forward = (bytes_per_s: number) => ({
      ...h2d,
      bytes_per_s,
      transfer_times: [
        [1e3, 30e-6],
        [1e9, 0.1 + 30e-6],
      ] as const,
    });
    const time = (bytes_per_s: number): number => {
      const on = machine({ links: [pcie({ forward: forward(bytes_per_s) })] });
      return milliseconds(runScript((a) => void a.move(transfer('cpu', 'gpu', 100e6)), { on }));
    };
    expect(time(10e9)).toBeCloseTo(10.03, 3);
    expect(time(20e9)).toBeCloseTo(5.03, 3);
  });

  it('takes the measured time though the link promises more than the memory behind it', () => {
    const forward = { ...h2d, bytes_per_s: 20e9, transfer_times: [[65e3, 46e-6]] as const };
    const on = machine({
      memories: [memory('gpu'), memory('cpu', { read_bytes_per_s: 10e9 })],
      links: [pcie({ forward })],
    });
    expect(milliseconds(runScript((a) => void a.move(transfer('cpu', 'gpu', 65e3)), { on }))).toBeCloseTo(0.046, 9);
  });

  it('is rounded up to the granularity of the memory it leaves', () => {
    const on = machine({ memories: [memory('gpu'), memory('cpu', { granularity_bytes: 4096 }), memory('disk')] });
    const { metrics } = runScript((a) => void a.move(transfer('cpu', 'gpu', 5000)), { on });
    expect(metrics['traffic.pcie.h2d_bytes']).toBe(8192);
  });

  it('is limited by the slower of link and memory', () => {
    const on = machine({ memories: [memory('gpu'), memory('cpu', { read_bytes_per_s: 4e9 }), memory('disk')] });
    expect(milliseconds(runScript((a) => void a.move(transfer('cpu', 'gpu', 40e6)), { on }))).toBe(10);
  });

  it('streams over several links at the slowest', () => {
    // disk → cpu at 2 GB/s, cpu → gpu at 10 GB/s.
    expect(milliseconds(runScript((a) => void a.move(transfer('disk', 'gpu', 20e6))))).toBe(10);
  });

  it('takes the sum of its hops when it is staged', () => {
    const result = runScript((a) => {
      const up = a.move(transfer('disk', 'cpu', 20e6));
      a.move({ ...transfer('cpu', 'gpu', 20e6), after: up });
    });
    expect(milliseconds(result)).toBe(12);
  });

  it('goes at the pageable rate from pageable memory', () => {
    const on = machine({ links: [pcie({ forward: { ...h2d, pageable_bytes_per_s: 4e9 } })] });
    const move = { ...transfer('cpu', 'gpu', 40e6), host_memory: 'pageable' } as const;
    expect(milliseconds(runScript((a) => void a.move(move), { on }))).toBe(10);
    expect(() => runScript((a) => void a.move(move))).toThrow(/pageable/);
  });
});

describe('two transfers at once', () => {
  it('share a direction fairly until the shorter ends', () => {
    // 50 MB and 100 MB at 10 GB/s: 5 GB/s each for 10 ms, then 50 MB alone for 5 ms.
    const result = runScript((a) => {
      a.move(transfer('cpu', 'gpu', 50e6));
      a.move(transfer('cpu', 'gpu', 100e6));
    });
    expect(milliseconds(result)).toBe(15);
  });

  it('leave to others what a limited one cannot use', () => {
    // One is held to 2 GB/s, so the other has 8: 80 MB in 10 ms; then 20 MB are left of 40 for the first: 10 ms more.
    const result = runScript((a) => {
      a.move({ ...transfer('cpu', 'gpu', 40e6), limit_bytes_per_s: 2e9 });
      a.move(transfer('cpu', 'gpu', 80e6));
    });
    expect(milliseconds(result)).toBe(20);
  });

  it('do not disturb each other in opposite directions of an uncoupled link', () => {
    const result = runScript((a) => {
      a.move(transfer('cpu', 'gpu', 100e6));
      a.move(transfer('gpu', 'cpu', 100e6));
    });
    expect(milliseconds(result)).toBe(10);
  });

  it('slow down while the other direction is busy on a coupled link', () => {
    // Both at 6 GB/s until the 60 MB one ends at 10 ms; then 40 MB of 100 are left at 10 GB/s.
    const on = machine({
      links: [pcie({ forward: { ...h2d, duplex_bytes_per_s: 6e9 }, backward: { ...d2h, duplex_bytes_per_s: 6e9 } })],
    });
    const result = runScript(
      (a) => {
        a.move(transfer('cpu', 'gpu', 100e6));
        a.move(transfer('gpu', 'cpu', 60e6));
      },
      { on },
    );
    expect(milliseconds(result)).toBe(14);
  });

  it('share the total of both directions', () => {
    const on = machine({ links: [pcie({ total_bytes_per_s: 10e9 })] });
    const result = runScript(
      (a) => {
        a.move(transfer('cpu', 'gpu', 50e6));
        a.move(transfer('gpu', 'cpu', 50e6));
      },
      { on },
    );
    expect(milliseconds(result)).toBe(10);
  });

  it('wait for a copy engine, in turn', () => {
    // One engine: 50 MB, then 100 MB, each alone at 10 GB/s; the short one is done at 5 ms instead of 10.
    const on = machine({ links: [pcie({ copy_engines: 1 })] });
    const result = runScript(
      (a) => {
        const short = a.move(transfer('cpu', 'gpu', 50e6));
        a.move(transfer('cpu', 'gpu', 100e6));
        a.host(20e-3, 'bookkeeping', short);
      },
      { on },
    );
    expect(milliseconds(result)).toBe(25);
  });
});

it('a memory whose reads and writes are coupled loses bandwidth under a mix', () => {
  // At a read share of one half the memory gives 60 % of 10 GB/s in all: 3 + 3 GB/s.
  const dram = memory('cpu', {
    read_bytes_per_s: 10e9,
    write_bytes_per_s: 10e9,
    read_share_curve: [
      [0, 1],
      [0.5, 0.6],
      [1, 1],
    ],
  });
  const fast = { ...h2d, bytes_per_s: 100e9 };
  const on = machine({
    memories: [memory('gpu'), dram, memory('disk')],
    links: [pcie({ forward: fast, backward: { ...fast, name: 'd2h' } })],
  });
  const result = runScript(
    (a) => {
      a.move(transfer('cpu', 'gpu', 30e6));
      a.move(transfer('gpu', 'cpu', 30e6));
    },
    { on },
  );
  expect(milliseconds(result)).toBeCloseTo(10, 9);
});
