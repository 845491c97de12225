import { expect, test } from 'vitest';
import { InputError } from '../input/errors.ts';
import { parseYaml } from '../input/yaml.ts';
import { parseMachine, parseMachineData } from './machine.ts';

const MINIMAL = `id: box
title: a box
source: a made-up box
roles: {fast: gpu, host: cpu, storage: disk}
memories:
  gpu: {capacity_bytes: 16 GiB, reserved_bytes: 1 GiB, read_bytes_per_s: 320 GB/s}
  cpu: {capacity_bytes: 64 GiB, read_bytes_per_s: 50 GB/s}
  disk: {capacity_bytes: 1 TB, read_bytes_per_s: 2 GB/s}
links:
  pcie: {from: cpu, to: gpu, h2d_bytes_per_s: 12 GB/s, d2h_bytes_per_s: 13 GB/s, setup_s: 20 us}
  nvme: {from: disk, to: cpu, read_bytes_per_s: 2 GB/s}
compute:
  gpu:
    memory: gpu
    peak_flop_per_s: {fp16: 65 TFLOP/s}
    efficiency: {fp16: [[1 GFLOP, 10%], [1 TFLOP, 0.5]]}
    memory_efficiency: 0.85
    launch_s: 8 us
    roofline_exponent: 1
`;

const parse = (text: string) => parseMachine(parseYaml(text, 'box.yaml'));
const swap = (from: string, to: string): string => {
  expect(MINIMAL).toContain(from);
  return MINIMAL.replace(from, to);
};
function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('the machine was accepted');
}

test('resolves ids, units, directions and what is absent', () => {
  const box = parse(MINIMAL);
  expect(box.memories[0]).toEqual({
    id: 'gpu',
    capacity_bytes: 16 * 2 ** 30,
    reserved_bytes: 2 ** 30,
    read_bytes_per_s: 320e9,
    write_bytes_per_s: 320e9,
    read_share_curve: [],
    latency_s: 0,
    granularity_bytes: 1,
  });
  expect(box.links).toEqual([
    {
      id: 'pcie',
      from: 'cpu',
      to: 'gpu',
      forward: { name: 'h2d', bytes_per_s: 12e9, setup_s: 20e-6, transfer_times: [] },
      backward: { name: 'd2h', bytes_per_s: 13e9, setup_s: 20e-6, transfer_times: [] },
      copy_engines: 1,
    },
    {
      id: 'nvme',
      from: 'disk',
      to: 'cpu',
      forward: { name: 'read', bytes_per_s: 2e9, setup_s: 0, transfer_times: [] },
      backward: { name: 'write', setup_s: 0, transfer_times: [] },
      copy_engines: 1,
    },
  ]);
  expect(box.compute[0]).toEqual({
    id: 'gpu',
    memory: 'gpu',
    peak_flop_per_s: { fp16: 65e12 },
    efficiency: {
      fp16: [
        [1e9, 0.1],
        [1e12, 0.5],
      ],
    },
    memory_efficiency: [[1, 0.85]],
    launch_s: 8e-6,
    roofline_exponent: 1,
  });
});

test('a disk without a write rate cannot be written', () => {
  expect(parse(MINIMAL).memories[2]?.write_bytes_per_s).toBe(0);
});

test('stands inside a study as well', () => {
  const study = `machine:\n${MINIMAL.replace(/^/gm, '  ')}`;
  expect(parseMachine(parseYaml(study, 'study.yaml'), ['machine'])).toEqual(parse(MINIMAL));
  const bad = parseYaml(study.replace('host: cpu', 'host: cpx'), 'study.yaml');
  expect(() => parseMachine(bad, ['machine'])).toThrow(/^study\.yaml:5:28: roles\.host/);
});

test('plain data may be changed before it is parsed', () => {
  const { value, place } = parseYaml(MINIMAL, 'box.yaml');
  const data = structuredClone(value) as { memories: { gpu: { capacity_bytes: unknown } } };
  data.memories.gpu.capacity_bytes = '32 GiB';
  expect(parseMachineData(data, place).memories[0]?.capacity_bytes).toBe(32 * 2 ** 30);
});

test('every mistake is named at its place', () => {
  expect(refusal(swap('to: gpu,', 'to: gpv,'))).toMatch(
    /box\.yaml:10:25: links\.pcie\.to names the unknown memory "gpv"; .*did you mean "gpu"/,
  );
  expect(refusal(swap('    memory: gpu', '    memory: cpuu'))).toMatch(/compute\.gpu\.memory .*did you mean "cpu"/);
  expect(refusal(swap('storage: disk', 'storage: disc'))).toMatch(/roles\.storage .*did you mean "disk"/);
  expect(refusal(swap('reserved_bytes: 1 GiB', 'reserved_bytes: 16 GiB'))).toMatch(/:6:\d+: .*leaves nothing/);
  expect(refusal(swap('320 GB/s', '0'))).toMatch(/:6:\d+: .*more than 0/);
  expect(refusal(swap('320 GB/s', '-1 GB/s'))).toMatch(/is negative/);
  expect(refusal(swap('320 GB/s', '320 GB'))).toMatch(/did you mean "GB\/s"/);
  expect(refusal(swap('memory_efficiency: 0.85', 'memory_efficiency: 1.2'))).toMatch(/at most 1/);
  expect(refusal(swap('[1 TFLOP, 0.5]', '[1 MFLOP, 0.5]'))).toMatch(/does not ascend at its point 2/);
  expect(refusal(swap('h2d_bytes_per_s', 'read_bytes_per_s'))).toMatch(/unknown key "read_bytes_per_s" in links.pcie/);
  expect(refusal(swap(', d2h_bytes_per_s: 13 GB/s', ''))).toMatch(/one direction alone; expected d2h_bytes_per_s/);
  expect(refusal(swap('{from: cpu, to: gpu,', '{from: gpu, to: cpu,'))).toMatch(/expected the host as "from"/);
  expect(refusal(swap('{from: disk, to: cpu,', '{from: cpu, to: disk,'))).toMatch(/expected the disk as "from"/);
  expect(refusal(swap('{from: disk, to: cpu,', '{from: disk, to: disk,'))).toMatch(/joins "disk" to itself/);
  expect(refusal(swap('{fp16: 65 TFLOP/s}', '{fp16: 65 TFLOP/s, int8: 130 TOPS}'))).toMatch(/int8 has no efficiency/);
  expect(refusal(swap('{fp16: 65 TFLOP/s}', '{int8: 130 TOPS}'))).toMatch(/efficiency\.fp16 has no peak/);
  expect(refusal(swap('pcie:', 'pcei:'))).toMatch(/did you mean "pcie"/);
});

test('a memory id is one of the shared ones, with a number where there are several', () => {
  const text = MINIMAL.replace('  disk: {capacity', '  vram: {capacity').replaceAll('storage: disk', 'storage: vram');
  expect(refusal(text)).toMatch(/:8:3: unknown memory id "vram"/);
  const two = MINIMAL.replace(/\bgpu: \{cap/, 'gpu0: {cap').replaceAll(/(fast|to|memory): gpu/g, '$1: gpu0');
  expect(parse(two).roles.fast).toBe('gpu0');
});

test('a page cache belongs to a disk', () => {
  const cache =
    'page_cache: {memory: cpu, dirty_fraction: 0.2, hit_stream_bytes_per_s: 9 GB/s, ' +
    'uncached_read_stream_bytes_per_s: 1 GB/s, small_write_s: 2 ms}';
  const disk = swap('read_bytes_per_s: 2 GB/s}\nlinks', `read_bytes_per_s: 2 GB/s, ${cache}}\nlinks`);
  expect(parse(disk).memories[2]?.page_cache?.small_write_s).toBe(2e-3);
  expect(refusal(disk.replace('{memory: cpu, dirty', '{memory: cpv, dirty'))).toMatch(/page_cache\.memory .*"cpu"/);
  expect(refusal(swap('read_bytes_per_s: 50 GB/s}', `read_bytes_per_s: 50 GB/s, ${cache}}`))).toMatch(/is no disk/);
});
