import { expect, it } from 'vitest';
import { readMachineData } from '../../hardware/load.ts';
import { parseMachine } from '../../hardware/machine.ts';
import { Collectives, tensorLayout } from '../../sim/resources/collectives.ts';

const machine = parseMachine(readMachineData('selene').source);
const seconds = (bytes: number, ranks = 8): number =>
  new Collectives(machine, tensorLayout(ranks)).cost({ kind: 'all-reduce', group: 'tensor', bytes }).seconds;

it('gives measured sizes their measured time', () => {
  for (const [bytes, bus] of machine.links.find(({ id }) => id === 'nvlink')!.collective_bytes_per_s!) {
    expect(seconds(bytes) / ((2 * (7 / 8) * bytes) / bus)).toBeCloseTo(1, 9);
  }
});

it('takes no less time for more bytes but for the spread of its measurements, and as long for any buffer below the least measured one', () => {
  const sizes = Array.from({ length: 60 }, (_, i) => 2 ** (i / 2));
  const times = sizes.map((bytes) => seconds(bytes));
  for (let i = 1; i < times.length; i++) expect(times[i]! / times[i - 1]!).toBeGreaterThan(0.99);
  expect(seconds(8)).toBeCloseTo(seconds(46 * 1024), 12);
});

it('costs one device nothing, and needs as many as there are', () => {
  expect(seconds(1e6, 1)).toBe(0);
  const alone = parseMachine(readMachineData('a100-80g').source);
  expect(() => new Collectives(alone, tensorLayout(2))).toThrow(/one device; 2 need a machine with a cluster/);
});
