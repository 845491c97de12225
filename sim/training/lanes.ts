import { PolicyError } from '../errors.ts';
import { ceilNs, nsFromSeconds } from '../kernel/time.ts';
import { type KernelCost, kernelCost } from '../resources/kernelTime.ts';
import type { ComputeUnit, Machine } from '../types/machine.ts';
import { NONE, type StreamName, type Task } from '../types/policy.ts';
import type { Kernel } from '../types/program.ts';
import type { Phase } from '../types/units.ts';
import type { ChunkActions } from './emitter.ts';

/** What a stretch of lanes was busy with, under the names of the ledger. */
export interface LanesReading {
  readonly busy_ns: Map<string, number>;
  readonly counters: Map<string, number>;
}

/**
 * A chunk without moves over shared links needs no events: the host thread, the device and each queue of collectives work
 * in the order they are asked, so a task ends when the last of what it waits for has, plus its own time. A task's number
 * is its end in ns. The same actions on the event engine give the same times, to the nanosecond.
 */
export class Lanes implements ChunkActions {
  private readonly unit: ComputeUnit;
  private readonly memoryBytesPerS: number;
  private readonly machine: Machine;
  private readonly costs: WeakMap<readonly Kernel[], KernelCost>;
  private readonly queues = new Map<string, number>();
  private hostFree = 0;
  private device = 0;
  /** The last thing asked to end. */
  private latest = 0;
  private computeTag = 'time.forward.compute';
  private reading: LanesReading = { busy_ns: new Map(), counters: new Map() };

  /** `costs` keeps kernels' times over several runs on one machine. */
  constructor(
    machine: Machine,
    unit: ComputeUnit,
    memoryBytesPerS: number,
    costs: WeakMap<readonly Kernel[], KernelCost>,
  ) {
    this.machine = machine;
    this.unit = unit;
    this.memoryBytesPerS = memoryBytesPerS;
    this.costs = costs;
  }

  /** From here on busy time is that of a phase. */
  begin(phase: Phase): void {
    this.computeTag = `time.${phase}.compute`;
  }

  /** When everything asked so far has ended, in ns. */
  get now(): number {
    return this.latest;
  }

  /** All lanes wait for all. */
  barrier(): void {
    this.hostFree = this.latest;
    this.device = this.latest;
    for (const queue of this.queues.keys()) this.queues.set(queue, this.latest);
  }

  /** What was busy since the last call. */
  read(): LanesReading {
    const { reading } = this;
    this.reading = { busy_ns: new Map(), counters: new Map() };
    return reading;
  }

  run(
    unitId: string,
    kernels: readonly Kernel[],
    _stream: StreamName,
    after: Task,
    _scratch = 0,
    _queue = unitId,
    launchS = this.unit.launch_s,
  ): Task {
    const cost = this.costOf(kernels);
    add(this.reading.counters, `flops.${unitId}`, cost.flops);
    add(this.reading.counters, `access.${this.unit.memory}`, cost.bytes);
    const begin = Math.max(after, this.hostFree, this.device);
    const launchNs = ceilNs(cost.launches * launchS * 1e9);
    this.hostFree += launchNs;
    this.device = begin + cost.ns;
    add(this.reading.busy_ns, this.computeTag, cost.ns);
    return this.ended(launchNs > cost.ns ? Math.max(this.device, this.hostFree) : this.device);
  }

  busy(_unit: string, seconds: number, _stream: StreamName, after: Task): Task {
    const ns = nsFromSeconds(seconds);
    this.device = Math.max(after, this.hostFree, this.device) + ns;
    add(this.reading.busy_ns, this.computeTag, ns);
    return this.ended(this.device);
  }

  host(seconds: number, _stream: StreamName, after: Task): Task {
    this.hostFree = Math.max(this.hostFree, after) + nsFromSeconds(seconds);
    return this.ended(this.hostFree);
  }

  collective(queue: string, linkId: string, seconds: number, bytes: number, after: Task, launchS = 0): Task {
    this.hostFree += ceilNs(launchS * 1e9);
    const begin = Math.max(after, launchS > 0 ? this.hostFree : 0, this.queues.get(queue) ?? 0);
    const end = begin + nsFromSeconds(seconds);
    this.queues.set(queue, end);
    const link = this.machine.links.find(({ id }) => id === linkId);
    if (link !== undefined) add(this.reading.counters, `link.${linkId}.${link.forward.name}`, bytes);
    return this.ended(end);
  }

  join(tasks: readonly Task[]): Task {
    let end = NONE;
    for (const task of tasks) if (task > end) end = task;
    return this.ended(end);
  }

  move(): never {
    throw new PolicyError('moves share links with each other, which lanes do not model');
  }

  private ended(at: number): Task {
    if (at > this.latest) this.latest = at;
    return at;
  }

  private costOf(kernels: readonly Kernel[]): KernelCost {
    const known = this.costs.get(kernels);
    if (known !== undefined) return known;
    const cost = kernelCost(this.unit, this.memoryBytesPerS, kernels);
    this.costs.set(kernels, cost);
    return cost;
  }
}

function add(to: Map<string, number>, name: string, amount: number): void {
  to.set(name, (to.get(name) ?? 0) + amount);
}
