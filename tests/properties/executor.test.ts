import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Engine } from '../../sim/executor/engine.ts';
import type { Actions, Metrics } from '../../sim/types/index.ts';
import { kernel, machine, memory, pcie, runScript, transfer } from '../analytic/rig.ts';

/** A random step: transfers, kernels, host work and memory, with dependencies on what came before. */
const action = fc.record({
  what: fc.constantFrom('up', 'down', 'kernel', 'host', 'read', 'write', 'hold'),
  amount: fc.integer({ min: 1, max: 50_000_000 }),
  behind: fc.integer({ min: 0, max: 4 }),
  queue: fc.constantFrom(null, 'a', 'b'),
});
const steps = fc.array(fc.array(action, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
type Step = readonly { what: string; amount: number; behind: number; queue: string | null }[];

const on = machine({
  memories: [
    memory('gpu', { capacity_bytes: 400e6 }),
    memory('cpu', { capacity_bytes: 1e9 }),
    memory('disk', {
      read_bytes_per_s: 3e9,
      write_bytes_per_s: 1e9,
      page_cache: {
        memory: 'cpu',
        dirty_fraction: 0.1,
        hit_stream_bytes_per_s: 5e9,
        uncached_read_stream_bytes_per_s: 1e9,
        small_write_s: 1e-6,
      },
    }),
  ],
  links: [
    pcie({
      forward: { name: 'h2d', bytes_per_s: 10e9, duplex_bytes_per_s: 7e9, setup_s: 1e-5, transfer_times: [] },
      copy_engines: 2,
    }),
    ...machine().links.slice(1),
  ],
});
const plan = {
  workers: [{ name: 'copy', count: 2 }],
  files: [{ memory: 'disk', kind: 'kv', bytes: 1, what: 'files' }],
} as const;

function emit(a: Actions, step: Step): { up: number; down: number } {
  const tasks: number[] = [];
  const moved = { up: 0, down: 0 };
  step.forEach(({ what, amount, behind, queue }, i) => {
    const after = behind > 0 && tasks.length >= behind ? tasks[tasks.length - behind]! : -1;
    const file = { file: i % 3, bytes: amount, memory: 'gpu', stream: 'kv_read', workers: 'copy', after } as const;
    if (what === 'up') {
      moved.up += amount;
      tasks.push(a.move({ ...transfer('cpu', 'gpu', amount), queue, after }));
    } else if (what === 'down') {
      moved.down += amount;
      tasks.push(a.move({ ...transfer('gpu', 'cpu', amount), queue, after }));
    } else if (what === 'kernel') tasks.push(a.run('gpu', [kernel(amount * 100, amount)], 'compute', after, amount));
    else if (what === 'host') tasks.push(a.host(amount * 1e-9, 'bookkeeping', after));
    else if (what === 'read') {
      moved.up += amount;
      tasks.push(a.readFile(file));
    } else if (what === 'write') {
      moved.down += amount;
      tasks.push(a.writeFile(file));
    } else {
      const room = a.allocate('gpu', 'kv', amount, after);
      const used = a.run('gpu', [kernel(amount, 0)], 'compute', room);
      a.free('gpu', 'kv', amount, used);
      tasks.push(used);
    }
  });
  return moved;
}

const run = (script: readonly Step[], repeats: number, options = {}) => {
  const moved = { up: 0, down: 0 };
  const result = runScript(
    (a, n) => {
      const { up, down } = emit(a, script[n % script.length]!);
      moved.up += up;
      moved.down += down;
      a.barrier();
    },
    { on, plan, steps: script.length * repeats, ...options },
  );
  return { metrics: result.metrics, moved, timeline: result.timeline };
};

describe('any run', () => {
  it('moves exactly the bytes it was asked to, never overfills a memory, and is busy no longer than it lasts', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { metrics, moved } = run(script, 2);
        expect(metrics['traffic.pcie.h2d_bytes'] ?? 0).toBe(moved.up);
        expect(metrics['traffic.pcie.d2h_bytes'] ?? 0).toBe(moved.down);
        expect(metrics['memory.gpu.peak_bytes'] ?? 0).toBeLessThanOrEqual(400e6);
        expect(metrics['memory.gpu.mean_bytes'] ?? 0).toBeLessThanOrEqual(
          (metrics['memory.gpu.peak_bytes'] ?? 0) * (1 + 1e-12),
        );
        for (const [name, value] of Object.entries(metrics)) {
          expect(value, name).toBeGreaterThanOrEqual(0);
          if (name.startsWith('busy.')) expect(value, name).toBeLessThanOrEqual(1 + 1e-12);
          if (/^time\.prefill\./.test(name))
            expect(value, name).toBeLessThanOrEqual(metrics['time.total_s']! * (1 + 1e-12));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same to the nanosecond when equal steps are repeated from the record as when all are simulated', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const { 'sim.events': repeatedEvents, ...repeated } = run(script, 4).metrics;
        const { 'sim.events': steppedEvents, ...stepped } = run(script, 4, { stepped: true }).metrics;
        expect(repeatedEvents!).toBeLessThanOrEqual(steppedEvents!);
        expect(Object.keys(repeated)).toEqual(Object.keys(stepped));
        for (const [name, value] of Object.entries(stepped)) {
          if (name === 'memory.gpu.mean_bytes' || name.startsWith('bound')) continue;
          expect(repeated[name], name).toBe(value);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('gives the same when steps of one shape are carried out in the order of an earlier one', () => {
    const growing = fc.record({
      script: steps,
      growth: fc.double({ min: 1e-4, max: 0.05, noNaN: true }),
      launch_s: fc.constantFrom(0, 2e-6, 2e-3),
    });
    const carried = vi.spyOn(Engine.prototype, 'runInOrder');
    fc.assert(
      fc.property(growing, ({ script, growth, launch_s }) => {
        const unit = { ...on.compute[0]!, launch_s };
        const grown = (options = {}) =>
          runScript(
            (a, n) => {
              const step = script[n % script.length]!;
              const amount = (base: number) => Math.round(base * (1 + growth * n));
              emit(
                a,
                step.map((one) => ({ ...one, amount: amount(one.amount) })),
              );
              a.barrier();
            },
            { on: { ...on, compute: [unit] }, plan, steps: script.length * 5, ...options },
          ).metrics;
        // Where rounding makes two steps equal, one is repeated, which counts no events and adds up in another order.
        const asked = ({ 'sim.events': _, 'memory.gpu.mean_bytes': __, ...metrics }: Metrics) => metrics;
        expect(asked(grown())).toEqual(asked(grown({ stepped: true })));
      }),
      { numRuns: 200 },
    );
    const tries = carried.mock.results.map(({ value }) => value as boolean);
    carried.mockRestore();
    expect(tries.filter((done) => done).length).toBeGreaterThan(100);
    expect(tries.filter((done) => !done).length).toBeGreaterThan(0);
  });

  it('gives the same with a timeline, whose spans lie inside the run', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const plain = run(script, 1, { stepped: true });
        const traced = run(script, 1, { timeline: true });
        expect(traced.metrics).toEqual(plain.metrics);
        const endNs = traced.metrics['time.total_s']! * 1e9;
        for (const span of traced.timeline!.spans) {
          expect(span.start_ns).toBeLessThan(span.end_ns);
          expect(span.end_ns).toBeLessThanOrEqual(endNs + 1);
          if (span.caused_by >= 0)
            expect(traced.timeline!.spans[span.caused_by]!.end_ns).toBeLessThanOrEqual(span.start_ns);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is no slower on a faster link', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1e8 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        (sizes, rate) => {
          const time = (bytesPerS: number) =>
            runScript(
              (a) =>
                sizes.forEach(
                  (size) => void a.move({ ...transfer('cpu', 'gpu', size), queue: size % 2 === 0 ? 'a' : null }),
                ),
              {
                on: machine({
                  links: [pcie({ forward: { name: 'h2d', bytes_per_s: bytesPerS, setup_s: 0, transfer_times: [] } })],
                }),
              },
            ).metrics['time.total_s']!;
          expect(time(rate * 1.5e9)).toBeLessThanOrEqual(time(rate * 1e9) + 1e-9);
        },
      ),
    );
  });
});
