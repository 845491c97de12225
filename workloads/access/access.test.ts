import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { runAccess } from './index.ts';
import { accessSchema } from './schema.ts';

const u280 = loadMachine('u280');
const run = (fields: object, machine = u280) =>
  runAccess(
    v.parse(accessSchema, { kind: 'access', memory: 'hbm', request_bytes: 64, requests: 500, ...fields }),
    machine,
    1,
  ).metrics;

describe('reads of a DRAM', () => {
  it('find rows open in a stream, and another one open after a stride of whole rows', () => {
    const alone = { span_bytes: 256 * 2 ** 20, outstanding: 1 };
    const stream = run(alone);
    const rows = run({ ...alone, stride_bytes: 32 * 1024 });
    expect(stream['latency.row_hit_s.mean']).toBeGreaterThan(0);
    expect(stream['latency.row_conflict_s.mean']).toBeUndefined();
    expect(rows['latency.row_conflict_s.mean']).toBeGreaterThan(stream['latency.row_hit_s.mean']!);
  });

  it('are refused where a field would do nothing, a request crosses channels or there is less memory', () => {
    expect(() => run({ pattern: 'random', stride_bytes: 64 })).toThrow('does nothing to random addresses');
    expect(() => run({ request_bytes: 2 ** 30 })).toThrow('lie in one channel');
    expect(() => run({ masters: 33, span_bytes: 256 * 2 ** 20 })).toThrow('what the masters address');
    expect(() => run({ memory: 'gpu' }, loadMachine('a100-80g'))).toThrow('has no dram_channels');
  });
});
