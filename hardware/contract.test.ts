import { describe, expect, test } from 'vitest';
import { formatPath } from '../input/path.ts';
import { parseYaml } from '../input/yaml.ts';
import { listMachines, loadMachine, readMachineData } from './load.ts';
import { readMachineFile } from './machine.ts';
import { numericFields } from './sources.ts';

/** Every file of the catalogue is found and held to the same contract. */
describe.each(listMachines())('$id', ({ id, title, variants }) => {
  const { source, text } = readMachineData(id);
  const file = readMachineFile(source);
  const machine = loadMachine(id);

  test('is named by its file and says what it is', () => {
    expect(machine.id).toBe(id);
    expect(title.length).toBeGreaterThan(10);
    expect(text.startsWith('# yaml-language-server: $schema=../../schemas/machine.schema.json\n')).toBe(true);
  });

  test('every number has a source, and every fit its claims', () => {
    const fields = numericFields(file);
    expect(fields.length).toBeGreaterThan(2);
    for (const field of fields) {
      const path = formatPath(field.path);
      expect(field.source, path).toMatch(/\S{3}/);
      if (field.fitted_on.length > 0) expect(field.source, path).toMatch(/^Fitted: /);
      else expect(field.source, path).not.toMatch(/^Fitted/);
      for (const claim of field.fitted_on) expect(claim, path).toMatch(/^[a-z0-9][A-Za-z0-9._-]+$/);
    }
  });

  test('names a fast memory that a compute unit works on, where it computes', () => {
    if (machine.compute.length === 0) return;
    const fast = machine.roles.fast;
    expect(machine.compute.some((unit) => unit.memory === fast)).toBe(true);
  });

  test('has rates and sizes of its world', () => {
    for (const memory of machine.memories) {
      expect(memory.capacity_bytes).toBeGreaterThanOrEqual(1024);
      expect(memory.capacity_bytes).toBeLessThan(1e16);
      expect(memory.read_bytes_per_s).toBeGreaterThan(1e6);
      // A memory without a rate of its own is paced by the compute unit's measured rate.
      if (Number.isFinite(memory.read_bytes_per_s)) expect(memory.read_bytes_per_s).toBeLessThan(1e14);
    }
    for (const unit of machine.compute) {
      for (const peak of Object.values(unit.peak_flop_per_s)) {
        expect(peak).toBeGreaterThan(1e6);
        expect(peak).toBeLessThan(1e17);
      }
      expect(Object.keys(unit.efficiency).length + (unit.layer_kernels ? 1 : 0)).toBeGreaterThan(0);
      // No core finishes more than two instructions a cycle; the peak of 8 bits is four operations a cycle.
      const { layer_kernels, peak_flop_per_s } = unit;
      if (layer_kernels?.law.kind === 'counted') {
        expect(layer_kernels.per_s).toBeLessThanOrEqual(peak_flop_per_s.int8! / 2);
      }
    }
  });

  test('a measured transfer takes no less than the plateau allows', () => {
    for (const link of machine.links) {
      for (const direction of [link.forward, link.backward]) {
        for (const [bytes, seconds] of direction.transfer_times) {
          expect(bytes / seconds).toBeLessThanOrEqual((direction.bytes_per_s ?? Infinity) * 1.02);
        }
      }
    }
  });

  test.each(variants)('variant %s changes the machine', (variant) => {
    const changed = loadMachine(`${id}/${variant}`);
    expect(changed.id).toBe(`${id}/${variant}`);
    expect({ ...changed, id: '', title: '' }).not.toEqual({ ...machine, id: '', title: '' });
  });
});

test('every variant is sourced by itself', () => {
  for (const { id, variants } of listMachines()) {
    for (const variant of variants) {
      const set = readMachineFile(parseYaml(readMachineData(id).text, id)).variants![variant]!;
      const fields = new Map(
        numericFields(readMachineFile(readMachineData(`${id}/${variant}`).source)).map((f) => [formatPath(f.path), f]),
      );
      for (const path of Object.keys(set.set)) {
        const field = fields.get(path);
        if (field) expect(field.source).toBe(set.source);
        if (field) expect(field.fitted_on).toEqual(set.fitted_on?.[path] ?? []);
      }
    }
  }
});
