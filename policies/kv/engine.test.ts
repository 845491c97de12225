import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataSource, InputError } from '../../input/index.ts';
import type { KvPass, KvShape } from '../../sim/types/index.ts';
import { KvEngine } from './engine.ts';
import { parsePreset, resolvePreset } from './index.ts';

const shape: KvShape = {
  layers: 4,
  heads: 4,
  kv_heads: 4,
  head_dim: 8,
  hidden: 32,
  batch: 3,
  prompt_tokens: 1000,
  output_tokens: 11,
  dtype: 'fp16',
  token_bytes: 3 * 4 * 8 * 2,
  fused: false,
  score_bytes: 2,
};

const head = { id: 'made', title: 'Made', source: 'a test', does: 'a test' };
const read = (id: string): never => {
  throw new Error(id);
};
const engineOf = (body: object, over: Partial<KvShape> = {}): KvEngine => {
  const preset = parsePreset(dataSource({ ...head, ...body }, 'made.yaml'));
  return new KvEngine(resolvePreset(preset, { preset: 'made' }, () => undefined, read).fields, { ...shape, ...over });
};
const pass = (index: number): KvPass => ({ index, phase: 'decode', step: index, tokens: 1, seen: 999 + index });
const pair = 2 * shape.token_bytes;

describe('counts', () => {
  it('keep everything without stages', () => {
    const engine = engineOf({});
    expect(engine.peakTokens(0)).toBe(1010);
    expect(engine.peakBytes(0)).toBe(1010 * pair);
    expect(engine.use(0, pass(0))).toMatchObject({ read_tokens: 0, write_tokens: 1000 });
    expect(engine.use(3, pass(10))).toMatchObject({ read_tokens: 1009, write_tokens: 1 });
  });

  const drop = (when: string) => ({
    stages: [{ when, signal: { kind: 'static_mask' }, budget: { tokens: 100 }, rest: { action: 'drop' } }],
  });

  it('at the end of prefill leave the whole prompt until decode begins', () => {
    const engine = engineOf(drop('prefill_end'));
    expect(engine.peakTokens(0)).toBe(1000);
    expect(engine.use(0, pass(0)).added).toEqual([{ role: 'fast', kind: 'kv', bytes: 1000 * pair }]);
    expect(engine.use(0, pass(1)).freed_before).toEqual([{ role: 'fast', kind: 'kv', bytes: 900 * pair }]);
    expect(engine.use(0, pass(1)).read_tokens).toBe(100);
    expect(engine.use(0, pass(10)).read_tokens).toBe(109);
  });

  it('per layer lower the peak, and per chunk the prefill is cut', () => {
    expect(engineOf(drop('prefill_layer')).peakTokens(0)).toBe(110);
    const chunked = drop('prefill_chunk');
    const engine = engineOf({ stages: chunked.stages.map((stage) => ({ ...stage, every: 300 })) });
    expect(engine.prefill_tokens).toEqual([300, 300, 300, 100]);
    expect(engine.peakTokens(0)).toBe(110);
    expect(engine.use(0, pass(1)).read_tokens).toBe(100);
  });

  it('mean over heads where a stage acts on a share of them, and nothing costs on the others', () => {
    const stage = { signal: { kind: 'static_mask' }, protect: { sink: 10, recent: 90 }, rest: { action: 'drop' } };
    const parted = (heads: number) =>
      engineOf({
        stages: [
          { when: 'prefill_chunk', every: 500, heads, ...stage },
          { when: 'decode_step', heads, ...stage },
        ],
      });
    const engine = parted(0.75);
    expect(engine.use(0, { ...pass(1), phase: 'prefill', tokens: 500 }).read_tokens).toBe(0.75 * 100 + 0.25 * 500);
    expect(engine.endTokens(0)).toBe(0.75 * 100 + 0.25 * 1010);
    // Two kinds of heads attend in a call each, which are joined; one kind alone does not.
    const names = (share: number) =>
      parted(share)
        .use(0, pass(5))
        .kernels.map(({ name }) => name);
    expect(names(0.75)).toEqual(['evict', 'join']);
    expect(names(1)).toEqual(['evict']);
    expect(names(0)).toEqual([]);
    expect(parted(0).endTokens(0)).toBe(1010);
    const evicted = (share: number) => parted(share).use(0, pass(5)).kernels[0]!.activation_bytes;
    expect(evicted(0.75)).toBeCloseTo(0.75 * evicted(1), 9);
  });

  it('take all the room in the first pass where it is reserved, and never more or less', () => {
    const chunked = drop('prefill_chunk');
    const stages = chunked.stages.map((stage) => ({ ...stage, every: 300 }));
    const engine = engineOf({ layout: { room: 'reserved' }, stages });
    expect(engine.use(0, pass(0)).added).toEqual([{ role: 'fast', kind: 'kv', bytes: 110 * pair }]);
    for (let index = 1; index <= 13; index++) {
      const { added, freed, freed_before } = engine.use(0, pass(index));
      expect([added, freed, freed_before]).toEqual([[], [], []]);
    }
  });

  it("give H2O's slots: 2 floor(ratio prompt) of them, one for the token being computed", () => {
    const budget = { ratio: 0.1234, of: 'prompt', times: 2, slots: true };
    const stage = { signal: { kind: 'accumulated_attention' }, budget, rest: { action: 'drop' } };
    const engine = engineOf({
      stages: [
        { when: 'prefill_layer', ...stage },
        { when: 'decode_step', ...stage },
      ],
    });
    const slots = 2 * Math.floor(0.1234 * 1000);
    const token = pair + 3 * 4 * 2;
    expect(engine.peakTokens(0)).toBe(slots);
    expect(engine.peakBytes(0)).toBe(slots * token);
    expect(engine.use(0, pass(5))).toMatchObject({ read_tokens: slots - 1, write_tokens: 1, replaced_tokens: 1 });
    expect(engine.use(0, pass(5))).toBe(engine.use(0, pass(6)));
    const launches = engine.use(0, pass(5)).kernels.reduce((sum, kernel) => sum + kernel.launches, 0);
    // A slot zeroed, the row added, the least found; then three for each of K, V and the running scores.
    expect(launches).toBe(12);
  });

  it('store few bits, low ranks and fewer heads by the byte', () => {
    const layout = (fields: object) =>
      engineOf({ layout: { overhead_bits: 0, ...fields } }).peakBytes(0) / (1010 * pair);
    expect(layout({ k: { bits: 4 }, v: { bits: 2 } })).toBeCloseTo(3 / 16, 12);
    expect(layout({ k: { rank: 0.25 }, v: { rank: 0.75 } })).toBeCloseTo(0.5, 12);
    expect(layout({ kv_heads: 1 })).toBe(0.25);
    // Never more heads than the model has, but for one a query head.
    expect(layout({ kv_heads: 9 })).toBe(1);
    // Two devices hold half of them each, and none less than one.
    const shared = (kv_heads: number) =>
      engineOf({ layout: { kv_heads } }, { devices: 2 }).peakBytes(0) / engineOf({}, { devices: 2 }).peakBytes(0);
    expect([shared(4), shared(1)]).toEqual([0.5, 0.25]);
    const grouped = engineOf({ layout: { kv_heads: 'query' } }, { heads: 16 });
    expect(grouped.peakBytes(0)).toBe(4 * 1010 * pair);
    expect(grouped.use(0, pass(3)).cached_heads).toBe(16);
  });

  it('append by copying all of it, element by element', () => {
    const append = (fields: object) => engineOf({ layout: fields }).use(0, pass(1)).kernels;
    expect(append({})).toEqual([]);
    expect(append({ append: 'copy' })).toMatchObject([
      { name: 'append', activation_bytes: 2 * 1001 * pair, copied_elements: (1001 * pair) / 2, launches: 2 },
    ]);
  });

  it('append by copying in every later pass over a prompt too, of what the cache holds by then', () => {
    const stage = { when: 'prefill_chunk', every: 300, signal: { kind: 'static_mask' }, rest: { action: 'drop' } };
    const engine = engineOf({ layout: { append: 'copy' }, stages: [{ ...stage, budget: { tokens: 100 } }] });
    const appended = (index: number, tokens: number) =>
      engine
        .use(0, { index, phase: 'prefill', step: 0, tokens, seen: 300 * index })
        .kernels.filter(({ name }) => name === 'append');
    expect(appended(0, 300)).toEqual([]);
    expect(appended(1, 300)).toMatchObject([{ activation_bytes: 2 * 400 * pair }]);
    expect(appended(3, 100)).toMatchObject([{ activation_bytes: 2 * 200 * pair }]);
  });

  it('share a scale in a group of a head, over the heads of a token, or over all tokens', () => {
    const bytes = (scale: string) =>
      engineOf({ layout: { k: { bits: 4, scale }, v: { bits: 4, scale }, group: 8, overhead_bits: 32 } }).peakBytes(0) /
      1010;
    // 4 heads of 8 elements, keys and values: 32 bytes of fours a token, and a scale of 4 bytes a head, or one for all.
    expect(bytes('channel')).toBe(pair / 4);
    expect(bytes('token')).toBe(pair / 4 + 2 * shape.batch * 4);
    expect(bytes('group')).toBe(pair / 4 + 2 * shape.batch * shape.kv_heads * (shape.head_dim / 8) * 4);
  });

  it('compute the square of the share of tokens that attend', () => {
    const engine = engineOf({ compute: { prefill_tokens: 0.3 } });
    expect(engine.use(0, { index: 0, phase: 'prefill', step: 0, tokens: 1000, seen: 0 }).pair_share).toBeCloseTo(
      0.09,
      12,
    );
    expect(engine.use(0, pass(1)).pair_share).toBe(1);
  });

  it('compute the pairs of a mask alone where it is the model’s own', () => {
    const shares = (masked: boolean) =>
      engineOf({
        stages: [{ when: 'prefill_layer', masked, protect: { sink: 20, recent: 80 }, rest: { action: 'drop' } }],
      }).use(0, { index: 0, phase: 'prefill', step: 0, tokens: 1000, seen: 0 }).pair_share;
    expect(shares(false)).toBe(1);
    // 100 queries in a triangle, 900 that see 100 tokens, of 1000 squared in halves.
    expect(shares(true)).toBeCloseTo((100 * 50 + 900 * 100) / 500_000, 12);
  });

  it('say what of an index a step scans', () => {
    const engine = engineOf({
      index: { per: 'cluster', unit_tokens: 20, built: 'offline' },
      stages: [
        {
          when: 'decode_step',
          unit: 'cluster',
          unit_tokens: 20,
          signal: { kind: 'centroid_dot' },
          budget: { ratio: 0.1, of: 'prompt' },
          rest: { action: 'sparse_read' },
        },
      ],
    });
    const use = engine.use(0, pass(1));
    expect(use.read_tokens).toBe(100);
    // 1001 tokens have 51 centroids of a key's size, half a pair.
    expect(use.index_read_bytes).toBe((51 * pair) / 2);
  });

  it('scan the index of what was moved away, and in prefill too where the preset says so', () => {
    const stage = (when: string) => ({
      when,
      every: 250,
      unit: 'block',
      unit_tokens: 50,
      signal: { kind: 'landmark_dot' },
      budget: { tokens: 250 },
      rest: { action: 'demote', tier: 'host' },
    });
    const engine = (prefill: boolean) =>
      engineOf({
        index: { per: 'block', unit_tokens: 50, built: 'prefill_chunk' },
        stages: [stage('prefill_chunk'), stage('decode_step')],
        fetch: { prefill, unit: 'block', unit_tokens: 50, tokens: 100 },
      });
    // Of 1000 tokens 250 stay, 750 are 15 blocks; a chunk of the prompt (the last of four) sees 500, or 10 blocks.
    expect(engine(true).use(0, pass(4))).toMatchObject({ read_tokens: 350, index_read_keys: 15 });
    const chunk: KvPass = { index: 3, phase: 'prefill', step: 0, tokens: 250, seen: 750 };
    expect(engine(false).use(0, chunk)).toMatchObject({ read_tokens: 250, fetches: [] });
    const use = engine(true).use(0, chunk);
    expect(use).toMatchObject({ read_tokens: 350, index_read_keys: 10, index_read_bytes: (10 * pair) / 2 });
    expect(use.fetches).toMatchObject([{ from: 'host', bytes: 100 * pair }]);
    // Each of 250 queries is compared with 10 landmarks of 8 elements, 4 heads and 3 sequences.
    expect(use.kernels.find(({ name }) => name === 'score')!.flops).toBe(2 * 250 * 10 * 8 * 4 * 3);
  });

  it('spread a budget over layers with its mean kept', () => {
    const budget = { shape: 'pyramid', tokens: 100, first: 1.9, last: 0.1 };
    const engine = engineOf({ stages: [{ when: 'prefill_layer', budget, rest: { action: 'drop' } }] });
    const tokens = [0, 1, 2, 3].map((layer) => engine.use(layer, pass(1)).read_tokens);
    expect(tokens.reduce((sum, n) => sum + n, 0) / 4).toBeCloseTo(100, 9);
    expect(tokens[0]! / tokens[3]!).toBeCloseTo(19, 9);
  });

  it('move far tokens away, and fetch what is asked for', () => {
    const engine = engineOf({
      stages: [
        { when: 'prefill_layer', rest: { action: 'demote', tier: 'host' } },
        { when: 'decode_step', rest: { action: 'demote', tier: 'host' } },
      ],
      fetch: { ratio: 0.1 },
    });
    expect(engine.use(0, pass(0)).stores).toMatchObject([{ from: 'fast', to: 'host', bytes: 1000 * pair }]);
    const use = engine.use(0, pass(3));
    expect(use.read_tokens).toBeCloseTo(100.2, 9);
    expect(use.fetches[0]!.bytes).toBeCloseTo(100.2 * pair, 6);
    expect(use.stores[0]!.bytes).toBe(pair);
  });

  it('leave the first layers alone where a stage says so, and end with what the last step holds', () => {
    const { stages } = drop('prefill_end');
    const engine = engineOf({ stages: [{ ...stages[0], skip_layers: 2 }] });
    expect([0, 1, 2, 3].map((layer) => engine.endTokens(layer))).toEqual([1010, 1010, 110, 110]);
  });

  it('balance: what appears less what goes is what is held', () => {
    const action = fc.constantFrom('drop', 'merge', 'quantise', 'demote');
    const when = fc.constantFrom('prefill_layer', 'prefill_end', 'decode_step', 'decode_every_n');
    fc.assert(
      fc.property(
        when,
        action,
        fc.integer({ min: 1, max: 1500 }),
        fc.integer({ min: 1, max: 5 }),
        (at, act, tokens, every) => {
          const rest = {
            action: act,
            ...(act === 'quantise' ? { bits: 4 } : {}),
            ...(act === 'demote' ? { tier: 'host' } : {}),
          };
          const engine = engineOf({ stages: [{ when: at, every, budget: { tokens }, rest }] });
          let held = 0;
          let peak = 0;
          for (let index = 0; index <= 10; index++) {
            const use = engine.use(0, pass(index));
            for (const { bytes } of use.freed_before) held -= bytes;
            for (const { bytes } of use.added) held += bytes;
            peak = Math.max(peak, held);
            for (const { bytes } of use.freed) held -= bytes;
            expect(held).toBeGreaterThanOrEqual(-1e-6);
          }
          expect(held).toBeLessThanOrEqual(engine.peakBytes(0) + 1e-6);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a preset', () => {
  const refused = (body: object, fields: object = {}): string => {
    try {
      const preset = parsePreset(dataSource({ ...head, ...body }, 'made.yaml'));
      resolvePreset(preset, { preset: 'made', ...fields }, (key) => ({ file: `study.yaml key ${key}` }), read);
    } catch (error) {
      if (error instanceof InputError) return error.message;
      throw error;
    }
    return 'accepted';
  };
  const stage = { when: 'decode_step', rest: { action: 'drop' } };

  it('is refused with an unknown signal, naming the nearest', () => {
    expect(refused({ stages: [{ ...stage, signal: { kind: 'window_atention' } }] })).toContain('"window_attention"');
  });

  it('is refused with two budgets, a ratio of nothing, a trigger without its number', () => {
    expect(refused({ stages: [{ ...stage, budget: { tokens: 5, ratio: 0.1 } }] })).toContain('at once');
    expect(refused({ stages: [{ ...stage, budget: { ratio: 0.1 } }] })).toContain('of: prompt');
    expect(refused({ stages: [{ ...stage, when: 'decode_every_n' }] })).toContain('every');
  });

  it('is refused where a field would say nothing: of another signal, of half a token, of a shape without weights', () => {
    const signal = { kind: 'static_mask', window: 8 };
    expect(refused({ stages: [{ ...stage, signal }] })).toContain('"static_mask" does not read "window"');
    expect(refused({ stages: [{ ...stage, of: 'v' }] })).toContain('v alone of a token');
    const budget = { tokens: 64, shape: 'pyramid' };
    expect(refused({ stages: [{ ...stage, budget }] })).toContain('shape pyramid without weights');
    expect(refused({ stages: [{ ...stage, budget: { ...budget, first: 2, last: 0 } }] })).toBe('accepted');
    expect(refused({ stages: [{ ...stage, rest: { action: 'merge', target: 'nearest_position_' } }] })).toContain(
      'nearest_position',
    );
  });

  it('quantises keys and values to bits of their own', () => {
    const of = (rest: object): number =>
      engineOf({
        stages: [{ when: 'prefill_layer', budget: { tokens: 10 }, rest: { action: 'quantise', ...rest } }],
      }).peakBytes(0);
    expect(of({ k_bits: 4, v_bits: 2 })).toBeCloseTo((of({ bits: 4 }) + of({ bits: 2 })) / 2, 6);
    expect(of({ bits: 4, v_bits: 2 })).toBe(of({ k_bits: 4, v_bits: 2 }));
  });

  it('is refused where it contradicts itself: less than is protected, layers that are none, a fetch of nothing', () => {
    const protect = { sink: 4, recent: 64 };
    expect(refused({ stages: [{ ...stage, budget: { tokens: 67 }, protect }] })).toContain('below the 68');
    expect(refused({ stages: [{ ...stage, budget: { tokens: 68 }, protect }] })).toBe('accepted');
    expect(refused({ stages: [{ ...stage, layers: [0.5, 0.5] }] })).toContain('which is none');
    expect(refused({ stages: [stage], fetch: { tokens: 5 } })).toContain('no stage moves anything');
  });

  it('names the parameter that a reference of its own misses', () => {
    const params = { window: { description: 'A window', default: 2, source: 'a test' } };
    const body = { params, stages: [{ ...stage, budget: { tokens: '$windw' } }] };
    expect(refused(body)).toContain('unknown parameter "$windw"');
    expect(refused(body)).toContain('$window');
  });

  it('runs over any other that its parameter names, the stages of that one first', () => {
    const made = (id: string, body: object) => parsePreset(dataSource({ ...head, id, ...body }, `${id}.yaml`));
    const under = made('under', {
      params: { tokens: { default: 100, description: 'Tokens', source: 'a test' } },
      stages: [{ when: 'prefill_layer', budget: { tokens: '$tokens' }, rest: { action: 'drop' } }],
    });
    const over = made('over', {
      params: { over: { default: 'full', description: 'What runs first', source: 'a test' } },
      stages: [{ when: 'prefill_layer', budget: { tokens: 10 }, rest: { action: 'quantise', bits: 4 } }],
      compose_with: '$over',
    });
    const find = (id: string) => (id === 'under' ? under : read(id));
    const place = (key: string) => ({ file: `study.yaml key ${key}` });
    const alone = resolvePreset(over, { preset: 'over' }, place, find);
    expect(alone.fields.stages.map(({ rest }) => rest.action)).toEqual(['quantise']);
    const both = resolvePreset(over, { preset: 'over', over: 'under', tokens: 50 }, place, find);
    expect(both.fields.stages.map(({ rest }) => rest.action)).toEqual(['drop', 'quantise']);
    const engine = new KvEngine(both.fields, shape);
    expect(engine.endTokens(0)).toBe(60);
    expect(engine.peakBytes(0)).toBeLessThan(new KvEngine(alone.fields, shape).peakBytes(0) / 5);
  });

  it('is refused without a value that no source gives, or with a field it does not know', () => {
    const params = { window: { description: 'A window' } };
    expect(refused({ params })).toContain('needs "window"');
    expect(refused({ params }, { window: 3, budget: 4 })).toContain('no parameter "budget"');
    expect(refused({ params }, { window: 3 })).toBe('accepted');
    expect(refused({ params: { window: { description: 'A window', max: 2 } } }, { window: 3 })).toContain(
      'study.yaml key window',
    );
  });
});
