import { MissingFactError, PolicyError } from '../../../sim/errors.ts';
import type { Host, Machine, Program } from '../../../sim/types/index.ts';
import type { PlacementContext } from '../placement.ts';
import { unitOn } from '../units.ts';
import { type Home, homesOf } from './homes.ts';
import type { LayerStreamFields } from './schema.ts';

/** Bytes of an fp32 element over those of an fp16 one: attention on the host computes in fp32. */
export const HOST_WIDENING = 2;

/** What all parts of the placement know. */
export class Shared {
  readonly fields: LayerStreamFields;
  readonly context: PlacementContext;
  readonly machine: Machine;
  readonly program: Program;
  /** Device memories, the one that streamed layers run on first. */
  readonly devices: readonly string[];
  /** Per sub-layer. */
  readonly homes: readonly Home[];
  /** The host thread waits for copies of weights. */
  readonly blocking: boolean;
  readonly cpuUnit: string | undefined;
  private readonly units = new Map<string, string>();

  constructor(fields: LayerStreamFields, context: PlacementContext) {
    this.fields = fields;
    this.context = context;
    this.machine = context.machine;
    this.program = context.program;
    this.devices = devicesOf(context.machine, fields.devices);
    for (const device of this.devices) this.units.set(device, unitOn(context.machine, device).id);
    this.homes = homesOf(fields, context, this.devices);
    this.blocking = fields.blocking || fields.host_memory === 'pageable';
    this.cpuUnit = context.machine.compute.find((unit) => unit.memory === context.machine.roles.host)?.id;
    refuse(fields, context, this.cpuUnit);
  }

  get cpu(): string {
    const { host } = this.machine.roles;
    if (host === undefined) throw new MissingFactError(`machine "${this.machine.id}" has no host memory`);
    return host;
  }

  get disk(): string {
    const { storage } = this.machine.roles;
    if (storage === undefined) throw new MissingFactError(`machine "${this.machine.id}" has no storage`);
    return storage;
  }

  get host(): Host {
    if (this.machine.host === undefined) {
      throw new MissingFactError(`machine "${this.machine.id}" has no host facts (relay), which a cache on it needs`);
    }
    return this.machine.host;
  }

  /** Bytes of a key or value in the host's cache over those on the device. */
  get cacheWidening(): number {
    const { attention_on, host_cache_bits } = this.fields;
    return attention_on === 'cpu' && host_cache_bits === 32 ? HOST_WIDENING : 1;
  }

  /** Compute unit on a device memory. */
  unit(device: string): string {
    return this.units.get(device)!;
  }

  /** Host bookkeeping of one scheduling step; none where the machine file says nothing of its host. */
  get stepSeconds(): number {
    return this.machine.host?.step_s ?? 0;
  }
}

/** The fast memory and, where more are asked for, the next memories with a compute unit, the host's left out. */
function devicesOf(machine: Machine, count: number): string[] {
  const { fast, host } = machine.roles;
  if (fast === undefined) throw new MissingFactError(`machine "${machine.id}" has no fast role`);
  const others = machine.compute.map((unit) => unit.memory).filter((memory) => memory !== fast && memory !== host);
  const all = [fast, ...new Set(others)];
  if (all.length < count) throw new PolicyError(`machine "${machine.id}" has ${all.length} devices, not ${count}`);
  return all.slice(0, count);
}

function refuse(
  fields: LayerStreamFields,
  { machine, precision }: PlacementContext,
  cpuUnit: string | undefined,
): void {
  if (fields.attention_on === 'cpu' && fields.kv !== 'cpu') {
    throw new PolicyError('attention_on cpu needs kv cpu: the cache is not where attention would run');
  }
  if (fields.attention_on === 'cpu' && cpuUnit === undefined) {
    throw new MissingFactError(`machine "${machine.id}" has no compute unit on its host memory`);
  }
  if (fields.attention_on === 'cpu' && precision.kv_bits < 16) {
    throw new PolicyError('a cache below 16 bits is expanded on the device, so attention_on cpu cannot use it');
  }
  if (fields.expansion === 'fused' && precision.kv_bits < 16) {
    throw new PolicyError('expansion fused is of weights only; kv_bits below 16 needs elementwise');
  }
}
