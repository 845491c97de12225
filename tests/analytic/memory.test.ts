import { describe, expect, it } from 'vitest';
import { DoesNotFitError } from '../../sim/executor/index.ts';
import { kernel, machine, memory, milliseconds, runScript, transfer } from './rig.ts';

const small = machine({ memories: [memory('gpu', { capacity_bytes: 1000 }), memory('cpu'), memory('disk')] });

describe('a memory', () => {
  it('counts by kind, and the mean over time', () => {
    const result = runScript((a) => {
      const room = a.allocate('gpu', 'kv', 600, -1);
      const work = a.run('gpu', [kernel(1e9, 0)], 'compute', room);
      a.free('gpu', 'kv', 600, work);
      a.run('gpu', [kernel(2e9, 0)], 'compute', work, 300);
    });
    // 600 B for 1 ms, then 300 B for 2 ms.
    expect(result.metrics['memory.gpu.peak_bytes']).toBe(600);
    expect(result.metrics['memory.gpu.kv.peak_bytes']).toBe(600);
    expect(result.metrics['memory.gpu.workspace.peak_bytes']).toBe(300);
    expect(result.metrics['memory.gpu.mean_bytes']).toBeCloseTo(400, 9);
  });

  it('lets who does not fit wait until there is room', () => {
    const result = runScript(
      (a) => {
        const first = a.allocate('gpu', 'kv', 800, -1);
        a.free('gpu', 'kv', 800, a.run('gpu', [kernel(5e9, 0)], 'compute', first));
        const second = a.allocate('gpu', 'kv', 800, -1);
        a.move({ ...transfer('cpu', 'gpu', 100e6), after: second });
      },
      { on: small },
    );
    expect(milliseconds(result)).toBe(15);
    expect(result.metrics['memory.gpu.peak_bytes']).toBe(800);
  });

  it('reports what can never fit: what, by how much, when, and what holds the space', () => {
    const held = [{ memory: 'gpu', kind: 'weight', bytes: 900, what: 'weights' }] as const;
    const run = () =>
      runScript(
        (a) => {
          const work = a.run('gpu', [kernel(1e9, 0)], 'compute', -1);
          a.allocate('gpu', 'kv', 300, work);
        },
        { on: small, plan: { held } },
      );
    expect(run).toThrow(DoesNotFitError);
    try {
      run();
    } catch (error) {
      const failure = error as DoesNotFitError;
      expect(failure.memory).toBe('gpu');
      expect(failure.short_bytes).toBe(200);
      expect(failure.at_s).toBe(0.001);
      expect(failure.holders[0]).toMatchObject({ what: 'weights', bytes: 900 });
    }
  });

  it('refuses a plan that does not fit before anything runs', () => {
    const held = [{ memory: 'gpu', kind: 'weight', bytes: 1200, what: 'weights' }] as const;
    expect(() => runScript(() => {}, { on: small, plan: { held } })).toThrow(/memory "gpu" has .* but weights need/);
  });
});

describe('files', () => {
  const workers = [{ name: 'copy', count: 2 }];
  const files = [{ memory: 'disk', kind: 'kv', bytes: 1, what: 'files' }] as const;
  const cached = machine({
    memories: [
      memory('gpu'),
      memory('cpu', { capacity_bytes: 1e9 }),
      memory('disk', {
        read_bytes_per_s: 2e9,
        write_bytes_per_s: 1e9,
        read_stream_bytes_per_s: 1e9,
        page_cache: {
          memory: 'cpu',
          dirty_fraction: 0.2,
          hit_stream_bytes_per_s: 10e9,
          uncached_read_stream_bytes_per_s: 0.5e9,
          small_write_s: 0,
        },
      }),
    ],
  });
  const read = (file: number, bytes: number, to = 'cpu') =>
    ({ file, bytes, memory: to, stream: 'kv_read', workers: 'copy', after: -1 }) as const;
  const time = (script: Parameters<typeof runScript>[0], plan = {}) =>
    milliseconds(runScript(script, { on: cached, plan: { workers, files, ...plan } }));

  it('are read at the rate of one stream, two at the rate of the device, three in turn', () => {
    expect(time((a) => void a.readFile(read(1, 100e6)))).toBe(100);
    expect(time((a) => [1, 2].forEach((f) => void a.readFile(read(f, 100e6))))).toBe(100);
    expect(time((a) => [1, 2, 3].forEach((f) => void a.readFile(read(f, 100e6))))).toBe(200);
  });

  it('go on to a device after they were read, by the same worker', () => {
    expect(time((a) => void a.readFile(read(1, 100e6, 'gpu')))).toBe(110);
  });

  it('are served from the page cache the second time, if they fit', () => {
    const twice = (bytes: number) =>
      time((a) => {
        a.readFile(read(1, bytes));
        a.barrier();
        a.readFile(read(1, bytes));
      });
    expect(twice(100e6)).toBe(110);
    // 2 GB through a cache of 1 GB: no hit at all.
    expect(twice(2e9)).toBe(4000);
  });

  it('are read more slowly without the cache and its read-ahead', () => {
    expect(time((a) => void a.readFile(read(1, 100e6)), { page_cache: false })).toBe(200);
  });

  it('are read at the rate of one stream where the machine says nothing of a page cache', () => {
    const plain = machine({
      memories: [memory('gpu'), memory('cpu'), memory('disk', { read_bytes_per_s: 2e9, read_stream_bytes_per_s: 1e9 })],
    });
    const script: Parameters<typeof runScript>[0] = (a) => void a.readFile(read(1, 100e6));
    expect(milliseconds(runScript(script, { on: plain, plan: { workers, files } }))).toBe(100);
  });

  it('are written at the rate of the writer until too much is dirty, and drained behind its back', () => {
    // The store stream gives 1 GB/s; 200 MB may be dirty. 100 MB: 100 ms, the drain goes on past the barrier.
    const write = (bytes: number) =>
      ({ file: 1, bytes, memory: 'gpu', stream: 'kv_write', workers: 'copy', after: -1 }) as const;
    expect(time((a) => void a.writeFile(write(100e6)))).toBe(100);
    // 300 MB at once: 300 ms of storing, and 100 MB beyond the limit at the device's 1 GB/s.
    expect(time((a) => void a.writeFile(write(300e6)))).toBe(400);
  });
});

describe('a policy that goes wrong', () => {
  it('is told when it waits for a task from before the last barrier', () => {
    const run = () =>
      runScript((a) => {
        a.host(1e-3, 'bookkeeping', -1);
        const gone = a.run('gpu', [kernel(1e9, 0)], 'compute', -1);
        a.barrier();
        a.move({ ...transfer('cpu', 'gpu', 1), after: gone });
      });
    expect(run).toThrow(/task 0 waits for task 1, which was not asked for since the last barrier/);
  });

  it('is told what the machine does not have', () => {
    expect(() => runScript((a) => void a.run('npu', [kernel(1, 0)], 'compute', -1))).toThrow(
      /no compute unit "npu"; it has gpu/,
    );
    expect(() => runScript((a) => void a.move(transfer('cpu', 'cxl', 1)))).toThrow(
      /no memory "cxl"; it has gpu, cpu, disk/,
    );
    expect(() => runScript((a) => void a.move(transfer('gpu', 'gpu', 1)))).toThrow(/no link from "gpu" to "gpu"/);
  });

  it('cannot lock itself up unseen: two blocks that each wait for the room of the other', () => {
    const on = machine({
      memories: [memory('gpu', { capacity_bytes: 1000 }), memory('cpu', { capacity_bytes: 1000 }), memory('disk')],
    });
    const run = () =>
      runScript(
        (a) => {
          const here = a.allocate('gpu', 'kv', 800, -1);
          const there = a.allocate('cpu', 'kv', 800, -1);
          a.free('cpu', 'kv', 800, a.allocate('gpu', 'kv', 800, there));
          a.free('gpu', 'kv', 800, a.allocate('cpu', 'kv', 800, here));
        },
        { on },
      );
    expect(run).toThrow(DoesNotFitError);
  });
});
