import { parse } from 'valibot';
import { expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { runIo } from './index.ts';
import { ioSchema } from './schema.ts';

const machine = loadMachine('mqsim-nvme');
const run = (fields: Record<string, unknown>) =>
  runIo(parse(ioSchema, { kind: 'io', request_bytes: 4096, queue_depth: 1, duration_s: 0.01, ...fields }), machine, 1);

test('a request larger than what is addressed is refused at once', () => {
  expect(() => run({ request_bytes: 2 ** 41 })).toThrow(/larger than the 1099511627776 bytes of memory "disk"/);
  expect(() => run({ span_bytes: 2048 })).toThrow(/workload\.span_bytes/);
  expect(run({ span_bytes: 4096 }).metrics['throughput.ios_per_s']).toBeGreaterThan(0);
});

test('a run that is over before a request ends says so', () => {
  const { metrics, warnings } = run({ duration_s: 1e-5 });
  expect(metrics['throughput.ios_per_s']).toBe(0);
  expect(metrics).not.toHaveProperty('latency.request_s.mean');
  expect(warnings).toEqual([expect.stringContaining('no request ended')]);
  expect(run({}).warnings).toEqual([]);
});

test('rates are those of a second however long the run lasts', () => {
  const rate = (duration_s: number) => run({ duration_s, queue_depth: 8 }).metrics['throughput.ios_per_s']!;
  expect(rate(0.02) / rate(0.2)).toBeCloseTo(1, 1);
});

test('without writes there is no write amplification', () => {
  const { metrics } = run({ read_share: 1 });
  expect(metrics['wear.disk.written_bytes']).toBe(0);
  expect(metrics).not.toHaveProperty('wear.disk.write_amplification');
});
