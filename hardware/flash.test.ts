import { describe, expect, test } from 'vitest';
import { InputError, parseYaml } from '../input/index.ts';
import { readShareCurve } from './dram.ts';
import { readMachineData } from './load.ts';
import { parseMachine } from './machine.ts';

const { text } = readMachineData('mqsim-nvme');
const refusal = (from: string | RegExp, to: string): string => {
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  try {
    parseMachine(parseYaml(changed, 'drive.yaml'));
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('drives that cannot be', () => {
  test('a page larger than its block', () => {
    expect(refusal('page_bytes: 16 KiB', 'page_bytes: 16 MiB')).toContain('a page is larger than a block');
  });
  test('no channels, or half a chip', () => {
    expect(refusal('channels: 8', 'channels: 0')).not.toBe('accepted');
    expect(refusal('chips_per_channel: 4', 'chips_per_channel: 0.5')).not.toBe('accepted');
  });
  test('a link faster than the lanes of its drive', () => {
    const link = 'links:\n  nvme: { from: disk, to: cpu, read_bytes_per_s: 9 GB/s, source: "made up" }\n\ncompute';
    const host = 'memories:\n  cpu: { capacity_bytes: 1 GB, read_bytes_per_s: 10 GB/s, source: "made up" }';
    const both = text.replace('memories:', host).replace('compute', link);
    expect(() => parseMachine(parseYaml(both, 'drive.yaml'))).toThrow(/faster than the lanes/);
    expect(() => parseMachine(parseYaml(both.replace('9 GB/s', '7 GB/s'), 'drive.yaml'))).not.toThrow();
  });
  test('more planes in a die than can work together', () => {
    expect(refusal('planes_per_die: 2', 'planes_per_die: 33')).toContain('33 planes');
  });
  test('more planes than the capacity has blocks', () => {
    expect(refusal('capacity_bytes: 1024 GiB', 'capacity_bytes: 64 MiB')).toContain('more than the capacity');
  });
});

test('a read-share curve has refresh at its ends and the turnaround in the middle', () => {
  const curve = readShareCurve({ refresh_fraction: 0.9, turnaround: 1 });
  expect(curve[0]).toEqual([0, 0.9]);
  expect(curve.at(-1)).toEqual([1, 0.9]);
  expect(curve[20]![0]).toBe(0.5);
  expect(curve[20]![1]).toBeCloseTo(0.6, 12);
});
