import { expect, test } from 'vitest';
import { scratch, tierflow } from './harness.ts';

const { write } = scratch();

test('a copy of a gigabyte follows its link and nothing else', async () => {
  const copy = write(
    'copy.yaml',
    `title: One copy
machine: v100-32g
workload: {kind: copy, direction: h2d, bytes: 1 GiB}
`,
  );
  const { code, out } = await tierflow('explain', copy, '--json');
  expect(code).toBe(0);
  const { sensitivities } = JSON.parse(out) as { sensitivities: { path: string[]; share: number }[] };
  const [first, ...others] = sensitivities;
  expect(first?.path.join('.')).toBe('links.pcie.h2d_bytes_per_s');
  expect(first?.share).toBeCloseTo(1, 2);
  for (const { share } of others) expect(Math.abs(share)).toBeLessThan(0.01);
});

test('explain says what more of each resource buys, most first', async () => {
  const { code, out } = await tierflow('explain', '--machine', 't4-gcp', '--model', 'opt-1.3b', '--by', '20%');
  expect(code).toBe(0);
  expect(out).toContain('Where the time went');
  const shares = [...out.matchAll(/(\d+)%$/gm)].map(([, share]) => Number(share));
  const table = shares.slice(-(out.split('better by 20 %')[1]?.match(/%$/gm)?.length ?? 0));
  expect(table.length).toBeGreaterThan(2);
  expect(table).toEqual([...table].sort((a, b) => b - a));
});

test('what cannot be improved or run is said', async () => {
  const zero = await tierflow('explain', '--machine', 't4-gcp', '--model', 'opt-1.3b', '--by', '0');
  expect(zero).toMatchObject({ code: 2, out: '' });
  expect(zero.err).toContain('--by: 0 changes nothing; expected a share above 0');
  const large = await tierflow('explain', '--machine', 't4-gcp', '--model', 'opt-30b');
  expect(large).toMatchObject({ code: 3, out: '' });
  expect(large.err).toContain('it fits with');
});
