import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { levelled } from '../../policies/planner/levels/levelled.ts';
import { LevelGame } from '../../policies/planner/levels/plan.ts';
import { PlaySession } from '../../policies/planner/levels/play.ts';
import { readMappingProgram } from '../../workloads/mapping/read.ts';
import { scratch, tierflow, tierflowJson } from './harness.ts';

const { path, write } = scratch();

/** Three buffers of 4 at once, then one of 12: 12 bytes are enough, 11 are not. */
const buffers = write('b.csv', 'id,lower,upper,size\na,0,2,4\nb,0,2,4\nc,1,2,4\nd,2,3,12\n');
/** Greedy orders leave holes here; 6 bytes are enough for a plan that a search finds. */
const program = write(
  'p.json',
  JSON.stringify({
    levels: { fast_bytes: 64, fast_bytes_per_s: 10, slow_bytes_per_s: 1, flop_per_s: 1 },
    buffers: [
      { id: 'w', bytes: 40, input: true },
      { id: 'x', bytes: 20 },
      { id: 'y', bytes: 20, output: true },
    ],
    ops: [
      { name: 'make', flops: 90, writes: ['x'] },
      { name: 'use', flops: 1, reads: ['w', 'x'], writes: ['y'] },
    ],
  }),
);

describe('map', () => {
  test('prints the offsets and what is proved', async () => {
    const { code, data } = await tierflowJson('map', buffers, '--json');
    expect(code).toBe(0);
    expect(data).toMatchObject({
      capacity: null,
      peak_bytes: 12,
      lower_bound_bytes: 12,
      feasible: true,
      optimal: true,
    });
    expect(Object.keys(data['offsets'])).toEqual(['a', 'b', 'c', 'd']);
  });

  test('exits 3 when no plan can fit, and says what every plan needs', async () => {
    const { code, out } = await tierflow('map', buffers, '--capacity', '11');
    expect(code).toBe(3);
    expect(out).toContain('every plan needs 12 bytes');
  });

  test('exits 1 without a plan in time, and never claims more', async () => {
    // 5 sizes over random lives within their load: too hard for no time at all.
    let seed = 1;
    const next = (n: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % n;
    };
    const rows = Array.from({ length: 400 }, (_, i) => {
      const lower = next(1000);
      return `${i},${lower},${lower + 1 + next(300)},${1 + next(1000)}`;
    });
    const hard = write('hard.csv', `id,lower,upper,size\n${rows.join('\n')}\n`);
    const bound = (await tierflowJson('map', hard, '--json', '--time-limit', '0.01')).data[
      'lower_bound_bytes'
    ] as number;
    const args = ['map', hard, '--capacity', String(bound), '--time-limit', '0.01', '--json'];
    const { code, data } = await tierflowJson(...args);
    expect([code, data['verdict']]).toEqual([1, 'not_found']);
    expect(data).toMatchObject({ feasible: false, optimal: false, lower_bound_bytes: bound, offsets: {} });
    expect(data['peak_bytes']).toBeGreaterThan(bound);
  });

  test('writes the table with offsets, and a drawing', async () => {
    const [out, svg] = [path('out.csv'), path('map.svg')];
    const said = await tierflow('map', buffers, '--capacity', '12', '--validate', '-o', out, '--svg', svg);
    expect([said.code, said.err]).toEqual([0, 'the plan is valid\n']);
    const again = await tierflowJson('map', out, '--capacity', '12', '--json');
    expect(again.data).toMatchObject({ feasible: true, peak_bytes: 12 });
    expect(readFileSync(out, 'utf8').split('\n')[0]).toBe('id,lower,upper,size,offset');
    expect(readFileSync(svg, 'utf8')).toContain('time (steps)');
  });

  test('refuses a bad row with its line', async () => {
    const bad = write('bad.csv', 'id,lower,upper,size\na,0,2,4\nb,5,2,4\n');
    const { code, err } = await tierflow('map', bad);
    expect(code).toBe(2);
    expect(err).toContain('bad.csv:3');
    expect((await tierflow('map')).code).toBe(2);
    expect((await tierflow('map', buffers, '--play')).code).toBe(2);
  });
});

describe('map given what does not fit it', () => {
  test.each([
    ['a\nb,0,2,4\n', /bare\.csv:1: the first line "a" names no column; expected a header such as id,lower,upper,size/],
    ['{"segments": [], "device_traces": []}', /is a memory snapshot of PyTorch; .*tierflow import pytorch-snapshot/],
    ['id,lower,upper,size\r\na,0,2,0\r\n', /bare\.csv:2: buffer "a": the size is 0/],
    [
      '\uFEFFid,lower,upper,size\na,0,2,4\na,0,2,4\n',
      /bare\.csv:3: buffer "a": the id is given twice \(first on line 2\)/,
    ],
    ['id,lower,upper,size,offset\na,0,2,9,9007199254740990\n', /bare\.csv:2: .* and size pass 2\^53/],
    ['id,lower,upper,size,offset\na,0,2,9,0\nb,1,3,9,8\n', /bare\.csv:3: .*overlaps that of "a"/],
  ])('%j is refused where it is at fault', async (text, message) => {
    const { code, out, err } = await tierflow('map', write('bare.csv', text));
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
  });

  test('refuses options that would do nothing', async () => {
    expect(await tierflow('map', buffers, '--fast', '1MiB')).toMatchObject({
      code: 2,
      err: 'error: --fast does nothing without --two-level; expected --two-level PROGRAM\n',
    });
    expect(await tierflow('map', '--two-level', program, '--capacity', '12')).toMatchObject({
      code: 2,
      err: 'error: --capacity does nothing beside --two-level; expected a file of buffers\n',
    });
    const dim = await tierflow('map', '--two-level', program, '--dim', 'batch=4');
    expect(dim).toMatchObject({ code: 2, err: expect.stringContaining('leaves no dimension open') });
  });
});

describe('map --two-level', () => {
  test('compares the policies and prints the plan of the best', async () => {
    const { code, data } = await tierflowJson('map', '--two-level', program, '--json');
    expect(code).toBe(0);
    const times = new Map((data['policies'] as { id: string; elapsed_s: number }[]).map((p) => [p.id, p.elapsed_s]));
    expect(times.get('all-slow')).toBe(170);
    // w is copied during the 90 s of make, which leaves x in the fast memory too: 90, then 4 + 2 + 20.
    expect(times.get('exact')).toBeCloseTo(116, 9);
    expect(data['elapsed_s']).toBe(times.get('exact'));
  });

  test('plays by lines: states, masked actions, rewards that add up', () => {
    const game = new LevelGame(levelled(readMappingProgram(readFileSync(program, 'utf8'), 'p.json'), 'p.json'));
    const session = new PlaySession(game);
    let { state } = session.answer('{"reset": true}') as { state: ReturnType<PlaySession['state']> };
    const begin = state.elapsed_s;
    let saved = 0;
    while (!state.done) {
      const reply = session.answer('{"action": 0}') as { state: typeof state; reward: number };
      saved += reply.reward;
      ({ state } = reply);
    }
    expect(begin - saved).toBeCloseTo(state.elapsed_s, 9);
    expect(state.elapsed_s).toBeLessThan(begin);
    expect(session.answer('{"action": 0}')).toEqual({ error: 'the game is over; reset it' });
    expect(session.answer('{"act')).toEqual({ error: 'this is no JSON' });
  });
});
