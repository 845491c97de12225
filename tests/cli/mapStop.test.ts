import { afterEach, describe, expect, test, vi } from 'vitest';
import { Mapper } from '../../policies/planner/mapping/solve.ts';
import { scratch, tierflow, tierflowJson } from './harness.ts';

const { write } = scratch();

/** Random lives of random sizes: no plan is easily proved the lowest. */
function table(rows: number, length: number): string {
  let seed = 1;
  const next = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const lines = Array.from({ length: rows }, (_, i) => {
    const lower = next(length);
    return `${i},${lower},${lower + 1 + next(300)},${1 + next(1000)}`;
  });
  return `id,lower,upper,size\n${lines.join('\n')}\n`;
}

const small = write('small.csv', table(400, 1000));
const long = write('long.csv', table(400_000, 1_000_000));

afterEach(() => void vi.restoreAllMocks());

describe('map that is stopped', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s while rows are read says so, and that there is no plan',
    async (name) => {
      // As soon as it is heard, which is when the rows begin to be read.
      const knocking = setInterval(() => process.emit(name, name), 1);
      const { code, out, err } = await tierflow('map', long).finally(() => clearInterval(knocking));
      expect([code, out]).toEqual([130, '']);
      expect(err).toMatch(
        /^stopped while the buffers were read, after [\d,]+ buffers: there is no plan and no bound yet\n$/,
      );
    },
  );

  test('by a signal at its first step prints the plan and the bound it has', async () => {
    const step = vi.spyOn(Mapper.prototype, 'step').mockImplementationOnce(function (this: Mapper) {
      process.emit('SIGINT', 'SIGINT');
    });
    const { code, data } = await tierflowJson('map', small, '--json');
    expect(step).toHaveBeenCalledTimes(1);
    expect(code).toBe(0);
    expect(data).toMatchObject({ verdict: 'feasible', stopped: 'signal', stage: 'first_plan' });
    expect(data['peak_bytes']).toBeGreaterThan(data['lower_bound_bytes']);
    expect(Object.keys(data['offsets'])).toHaveLength(400);
  });

  test('by a time limit that has passed before the search says what was not done', async () => {
    const { code, out } = await tierflow('map', small, '--time-limit', '0.000001');
    expect(code).toBe(0);
    expect(out).toMatch(/^lower bound +[\d,]+ bytes$/m);
    expect(out).toMatch(/^stopped +by the time limit before first fit had placed the known orders$/m);
    expect((await tierflowJson('map', small, '--time-limit', '0.000001', '--json')).data).toMatchObject({
      stopped: 'time_limit',
      stage: 'first_plan',
    });
  });

  test('leaves signals as they were', () => {
    expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).toBe(0);
  });
});
