import { expect, test } from 'vitest';
import { loadMachine } from '../../hardware/load.ts';
import { runSearch } from './index.ts';
import type { SearchFields } from './schema.ts';

const machine = loadMachine('ann-host');
const graph: SearchFields = {
  kind: 'search',
  method: { kind: 'graph', hops: 10, beam: 4, node_bytes: 4096, cached_hops: 0, round_compute_s: 20e-6 },
  vectors: 1e8,
  index_bytes_per_vector: 32,
  stored_bytes_per_vector: 348,
  threads: 1,
  duration_s: 0.2,
};
const read = (fields: SearchFields, metric: string): number => runSearch(fields, machine, 1).metrics[metric]!;
const mean = (fields: SearchFields): number => read(fields, 'latency.request_s.mean');

test('one query takes its rounds one after another: read, then compute', () => {
  const one = { ...graph, method: { ...graph.method, beam: 1 } } as SearchFields;
  // 40 us + command + 4 KiB on the channel and in packets on the link, then 20 us of compute.
  const round = 40e-6 + 290e-9 + 4096e-9 + (4096 * (156 / 128)) / 8e9 + 20e-6;
  expect(mean(one)).toBeCloseTo(10 * round, 6);
});

test('rounds in memory cost compute alone', () => {
  const cached = { ...graph, method: { ...graph.method, cached_hops: 10 } } as SearchFields;
  expect(mean(cached)).toBeCloseTo(200e-6, 9);
  expect(read(cached, 'throughput.ios_per_s')).toBe(0);
});

test('more threads give more queries, each of them slower', () => {
  const many = { ...graph, threads: 64 };
  expect(read(many, 'throughput.queries_per_s')).toBeGreaterThan(5 * read(graph, 'throughput.queries_per_s'));
  expect(mean(many)).toBeGreaterThan(mean(graph));
});

test('lists are read together', () => {
  const lists: SearchFields = {
    ...graph,
    method: { kind: 'lists', lists: 8, list_bytes: 12_288, round_compute_s: 20e-6 },
  };
  expect(mean(lists)).toBeLessThan(mean(graph) / 3);
});

test('an index that does not fit is refused', () => {
  expect(() => runSearch({ ...graph, vectors: 1e10 }, machine, 1)).toThrow(/index in memory/);
});
