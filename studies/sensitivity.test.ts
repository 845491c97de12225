import { describe, expect, it } from 'vitest';
import { type MachineFile, parseMachine } from '../hardware/index.ts';
import { listMachines, readMachineData } from '../hardware/load.ts';
import { readMachineFile } from '../hardware/machine.ts';
import { dataSource } from '../input/index.ts';
import { improvements, sensitivity } from './sensitivity.ts';

const fileOf = (id: string): MachineFile => readMachineFile(readMachineData(id).source);

describe('improvements', () => {
  const t4 = improvements(fileOf('t4-gcp'), 0.1);
  const of = (name: string) => t4.find(({ path }) => path.join('.') === name);

  it('raises rates and cuts costs by the share', () => {
    expect(of('links.pcie.h2d_bytes_per_s')).toMatchObject({ before: 12.6e9, after: 12.6e9 * 1.1 });
    expect(of('compute.gpu.launch_s')?.after).toBeCloseTo(8e-6 / 1.1, 15);
  });

  it('raises a count by one at least, and says by how much that is', () => {
    const engines = of('links.pcie.copy_engines');
    expect(engines).toMatchObject({ before: 3, after: 4 });
    expect(engines?.by).toBeCloseTo(1 / 3, 12);
  });

  it('stops a share at one', () => {
    expect(of('compute.cpu.memory_efficiency')).toBeUndefined();
    expect(of('compute.gpu.memory_efficiency')?.after).toBeCloseTo(0.866 * 1.1, 12);
  });

  it('leaves room, price and energy alone', () => {
    const names = t4.map(({ path }) => path.join('.'));
    expect(names.filter((name) => /capacity|usd|_w$|j_per/.test(name))).toEqual([]);
  });

  it.each(listMachines().map(({ id }) => id))('gives machines that can be, each with one number changed: %s', (id) => {
    const file = fileOf(id);
    for (const { path, after } of improvements(file, 0.01)) {
      const data = structuredClone(file) as unknown as Record<string, unknown>;
      let map = data;
      for (const key of path.slice(0, -1)) map = map[String(key)] as Record<string, unknown>;
      map[String(path.at(-1))] = after;
      expect(() => parseMachine(dataSource(data, id)), path.join('.')).not.toThrow();
    }
  });
});

it('is the share of the run by Amdahl: half the time at a rate that grows by a tenth', () => {
  const improvement = { path: ['x'], before: 1, after: 1.1, by: 0.1 };
  const half = sensitivity(improvement, { 'time.total_s': 2 }, { 'time.total_s': 1 + 1 / 1.1 });
  expect(half.share).toBeCloseTo(0.5, 12);
  expect(sensitivity(improvement, { 'time.total_s': 2 }, { 'time.total_s': 2 }).share).toBeCloseTo(0, 12);
});

it('goes by the rate of work where the run has one: a drive is simulated for a second, however fast it is', () => {
  const improvement = { path: ['x'], before: 1, after: 1.1, by: 0.1 };
  const ios = (rate: number) => ({ 'time.total_s': 1, 'throughput.ios_per_s': rate });
  expect(sensitivity(improvement, ios(1000), ios(1100)).share).toBeCloseTo(1, 12);
});
