import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Rng, randomStreams } from './random.ts';
import { Tally } from './statistics.ts';

function draws(rng: Rng, count: number): number[] {
  return Array.from({ length: count }, () => rng.next());
}

function tallyOf(count: number, draw: () => number): Tally {
  const tally = new Tally();
  for (let i = 0; i < count; i++) tally.add(draw());
  return tally;
}

describe('streams', () => {
  it('repeat for a seed: these very numbers, on every machine', () => {
    const rng = randomStreams(1).stream('arrivals');
    expect([rng.next(), rng.integer(1000), rng.exponential(1), rng.normal(0, 1)]).toMatchInlineSnapshot(`
      [
        0.04029754347129122,
        446,
        0.4487737769691482,
        0.135944064829218,
      ]
    `);
  });

  it('differ between names and between seeds', () => {
    const [one, two] = [randomStreams(1), randomStreams(2)];
    const firsts = [one.stream('a'), one.stream('b'), two.stream('a'), two.stream('b')].map((rng) => rng.next());
    expect(new Set(firsts).size).toBe(4);
  });

  it('are the same object under the same name', () => {
    const random = randomStreams(3);
    expect(random.stream('a')).toBe(random.stream('a'));
  });

  it('are not shifted by draws from any other', () => {
    const names = fc.array(fc.constantFrom('arrivals', 'lengths', 'faults', 'policy'), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer(), names, (seed, order) => {
        const random = randomStreams(seed);
        const seen: Record<string, number[]> = { arrivals: [], lengths: [], faults: [], policy: [] };
        for (const name of order) seen[name]!.push(random.stream(name).next());
        for (const [name, values] of Object.entries(seen)) {
          expect(values).toEqual(draws(randomStreams(seed).stream(name), values.length));
        }
      }),
    );
  });

  it('are not correlated', () => {
    const random = randomStreams(5);
    const [a, b] = [random.stream('a'), random.stream('b')];
    const product = tallyOf(20_000, () => (a.next() - 0.5) * (b.next() - 0.5));
    expect(Math.abs(product.mean)).toBeLessThan(4 * Math.sqrt(1 / 144 / 20_000));
  });

  it('refuse a seed that is not a whole number', () => {
    expect(() => randomStreams(1.5)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('distributions have their mean and deviation', () => {
  const n = 40_000;
  const rng = randomStreams(7).stream('distributions');
  it.each<[string, number, number, () => number]>([
    ['next', 1 / 2, Math.sqrt(1 / 12), () => rng.next()],
    ['uniform(2, 6)', 4, 4 / Math.sqrt(12), () => rng.uniform(2, 6)],
    ['integer(10)', 4.5, Math.sqrt(99 / 12), () => rng.integer(10)],
    ['chance(0.3)', 0.3, Math.sqrt(0.21), () => Number(rng.chance(0.3))],
    ['exponential(5)', 5, 5, () => rng.exponential(5)],
    ['normal(−2, 3)', -2, 3, () => rng.normal(-2, 3)],
    ['logNormal(0, 0.5)', Math.exp(0.125), Math.sqrt(Math.expm1(0.25) * Math.exp(0.25)), () => rng.logNormal(0, 0.5)],
    ['gamma(4, 8)', 8, 4, () => rng.gamma(4, 8)],
    ['gamma(0.5, 2)', 2, Math.sqrt(8), () => rng.gamma(0.5, 2)],
    ['weighted(1, 2, 1)', 1, Math.sqrt(0.5), () => rng.weighted([1, 3, 4])],
  ])('%s', (_, mean, sd, draw) => {
    const tally = tallyOf(n, draw);
    expect(Math.abs(tally.mean - mean)).toBeLessThan(5 * (sd / Math.sqrt(n)));
    expect(Math.abs(tally.sd / sd - 1)).toBeLessThan(0.05);
  });

  it('exponential has its tail: P(X > k × mean) = e^-k', () => {
    const sample = Array.from({ length: n }, () => rng.exponential(1));
    for (const k of [0.5, 1, 2, 3]) {
      const share = sample.filter((x) => x > k).length / n;
      expect(Math.abs(share - Math.exp(-k))).toBeLessThan(5 * Math.sqrt(Math.exp(-k) / n));
    }
  });

  it('normal has its tail: P(|X| > 1.96 sd) = 5 %', () => {
    expect(Math.abs(tallyOf(n, () => Number(Math.abs(rng.normal(0, 1)) > 1.959964)).mean - 0.05)).toBeLessThan(0.005);
  });
});

describe('ranges', () => {
  it('integer stays in 0 … n − 1', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed, n) => {
        const value = randomStreams(seed).stream('x').integer(n);
        expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
      }),
    );
  });

  it('weighted never picks a weight of zero', () => {
    const rng = randomStreams(2).stream('w');
    for (let i = 0; i < 1000; i++) expect([1, 3]).toContain(rng.weighted([0, 2, 2, 5, 5]));
  });

  it('shuffle keeps the items and reaches every order equally', () => {
    const rng = randomStreams(4).stream('s');
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = rng.shuffle(['a', 'b', 'c']).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('refuses parameters out of range', () => {
    const rng = randomStreams(1).stream('bad');
    const attempts = [
      () => rng.integer(0),
      () => rng.integer(1.5),
      () => rng.exponential(-1),
      () => rng.normal(0, -1),
      () => rng.logNormal(0, Number.NaN),
      () => rng.gamma(0, 1),
      () => rng.weighted([]),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('decides normals by bounds as the logarithm alone would', () => {
    const uniform = randomStreams(7).stream('uniform');
    const normals = randomStreams(7).stream('uniform');
    for (let i = 0; i < 20_000; i++) {
      let ratio: number;
      let u: number;
      do {
        u = 1 - uniform.next();
        ratio = (1.7155277699214135 * (uniform.next() - 0.5)) / u;
      } while (ratio * ratio > -4 * Math.log(u));
      expect(normals.normal(0, 1)).toBe(ratio);
    }
  });
});
