import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { agentSchema } from './schema.ts';
import { turnsOf } from './turns.ts';

const turns = (fields: object) => turnsOf(v.parse(agentSchema, { kind: 'agent', model: 'm', turns: 3, ...fields }));
const prompts = (fields: object): number[][] =>
  turns(fields).map(({ calls }) => calls.flatMap(({ prompt, reused }) => [prompt, reused]));

describe('calls', () => {
  const ask = { id: 'ask', fixed: 100, input: 10, output: 5 };

  test('a history grows by what was asked and answered', () => {
    expect(prompts({ calls: [{ ...ask, history: 'all' }] })).toEqual([
      [110, 0],
      [125, 0],
      [140, 0],
    ]);
  });

  test('a conversation that is kept computes its new tokens alone', () => {
    const fields = { calls: [{ ...ask, history: 'all' }], prefix_cache: 'fast' };
    expect(prompts(fields)).toEqual([
      [110, 0],
      [125, 115],
      [140, 130],
    ]);
  });

  test('requests that share a document find the document alone', () => {
    expect(prompts({ calls: [ask], prefix_cache: 'host' })).toEqual([
      [110, 0],
      [110, 100],
      [110, 100],
    ]);
  });

  test('a history that slides keeps what is fixed', () => {
    const fields = { turns: 4, calls: [{ ...ask, history: 1 }], prefix_cache: 'fast' };
    expect(prompts(fields)).toEqual([
      [110, 0],
      [125, 115],
      [125, 100],
      [125, 100],
    ]);
  });

  test('what is retrieved stands behind the conversation, so the answer to it is computed again', () => {
    const fields = { calls: [{ ...ask, history: 'all', retrieved: 50 }], prefix_cache: 'fast' };
    expect(prompts(fields)).toEqual([
      [160, 0],
      [175, 100],
      [190, 115],
    ]);
  });

  test('calls of a turn that share a context read what those before them read and wrote, and keep it', () => {
    const calls = [ask, { id: 'use', input: 20, output: 7, times: 2 }];
    // 110, then 110 + 5 + 20 = 135, then 135 + 7 + 20 = 162; the next turn begins anew with what is fixed.
    expect(prompts({ turns: 2, calls, context: 'turn' })).toEqual([
      [110, 0, 135, 0, 162, 0],
      [110, 0, 135, 0, 162, 0],
    ]);
    expect(prompts({ turns: 2, calls, context: 'turn', prefix_cache: 'fast' })).toEqual([
      [110, 0, 135, 115, 162, 142],
      [110, 100, 135, 115, 162, 142],
    ]);
    expect(() => turns({ calls: [{ ...ask, history: 'all' }], context: 'turn' })).toThrow('one context');
  });

  test('every and times say when and how often', () => {
    const calls = [{ ...ask, every: 2, times: 2 }];
    expect(turns({ calls }).map((turn) => turn.calls.length)).toEqual([2, 0, 2]);
  });
});

describe('the store', () => {
  const store = { entry_bytes: 100, entries: 10, added: 2.5, returned: 4 };
  const traffic = (fields: object) => turns({ store: { ...store, ...fields } }).map(({ store: turn }) => turn!);

  test('a scan reads all that is there, and insertions of a fraction add up', () => {
    const read = traffic({ lookup: { kind: 'scan' } });
    expect(read.map(({ read_bytes }) => read_bytes)).toEqual([1000, 1200, 1500]);
    expect(read.map(({ written_bytes }) => written_bytes)).toEqual([200, 300, 200]);
    expect(read[0]!.returned_bytes).toBe(400);
  });

  test('a gather reads its rows each at its own place, never more than there are', () => {
    const [first] = traffic({ lookup: { kind: 'gather', rows: 32 }, lookups: 2 });
    expect(first).toMatchObject({ read_bytes: 2000, reads: 20 });
  });

  test('a graph streams its edges once an iteration', () => {
    const [first] = traffic({ lookup: { kind: 'graph', edges: 50, edge_bytes: 8, iterations: 3 } });
    expect(first).toMatchObject({ read_bytes: 1200, held_bytes: 1000 + 400 });
  });

  test('a full store takes no more', () => {
    expect(traffic({ capacity: 11 }).map(({ entries }) => entries)).toEqual([10, 11, 11]);
  });
});
