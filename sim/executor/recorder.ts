import { MissingFactError, PolicyError } from '../errors.ts';
import { ceilNs, nsFromSeconds } from '../kernel/time.ts';
import { type Fabric, pageableLimit, type Route, setupSeconds } from '../resources/fabric.ts';
import { type KernelCost, kernelCost } from '../resources/kernelTime.ts';
import { kindIndex } from '../resources/memoryAccount.ts';
import type { PageCache } from '../resources/pageCache.ts';
import type { ComputeUnit, Host, Machine, Memory } from '../types/machine.ts';
import {
  type Actions,
  type FileRequest,
  type MoveRequest,
  NONE,
  type Plan,
  type StreamName,
  type Task,
} from '../types/policy.ts';
import type { Kernel } from '../types/program.ts';
import type { Phase, TensorKind } from '../types/units.ts';
import type { Engine } from './engine.ts';
import { TASK, type Tape } from './tape.ts';

interface Unit {
  readonly unit: ComputeUnit;
  readonly memoryBytesPerS: number;
  readonly inPlaceBytesPerS: number;
  /** Account of the unit's memory. */
  readonly memory: number;
  readonly server: number;
  readonly flops: number;
  readonly attentionFlops: number;
  readonly products: number;
  readonly access: number;
  /** Of the last kernel lists; a weak map would cost the collector more than they are worth. */
  readonly costs: Map<readonly Kernel[], KernelCost>;
}

const WORKSPACE = kindIndex('workspace');
/** Kernel lists whose cost is kept. */
const MOST_COSTS = 4096;
const NO_LIMIT = Number.POSITIVE_INFINITY;

/** Writes a policy's actions onto the tape, in the units and resources of the machine, and counts bytes and FLOPs. */
export class Recorder implements Actions {
  private currentPhase: Phase = 'prefill';
  private readonly engine: Engine;
  private readonly tape: Tape;
  private readonly fabric: Fabric;
  private readonly machine: Machine;
  private readonly hostFacts: Host | undefined;
  private readonly hostServer: number;
  private readonly pageCache: PageCache | null;
  private readonly units = new Map<string, Unit>();
  private readonly pools = new Map<string, number>();
  private readonly sentBy = new Map<string, number>();
  private readonly memories = new Map<string, number>();
  private readonly tags = new Map<StreamName, number>();
  /** Last task of each queue since the last barrier; the host thread's, which every task asks for, apart. */
  private readonly lastOf = new Map<string, { task: Task }>();
  private lastOfHost: Task = NONE;
  private readonly flush: () => void;

  constructor(
    engine: Engine,
    tape: Tape,
    machine: Machine,
    plan: Plan,
    pageCache: PageCache | null,
    flush: () => void,
  ) {
    this.engine = engine;
    this.tape = tape;
    this.fabric = engine.fabric;
    this.machine = machine;
    this.hostFacts = machine.host;
    this.pageCache = pageCache;
    this.flush = flush;
    this.hostServer = engine.addServer('host thread', 1, engine.ledger.activity('host'));
    for (const unit of machine.compute) {
      this.units.set(unit.id, {
        unit,
        memory: engine.accounts.findIndex((account) => account.id === unit.memory),
        memoryBytesPerS: this.fabric.memory(unit.memory).read_bytes_per_s,
        inPlaceBytesPerS:
          unit.reads_in_place === undefined
            ? Number.POSITIVE_INFINITY
            : this.fabric.memory(unit.reads_in_place).read_bytes_per_s,
        server: engine.addServer(unit.id, 1, engine.ledger.activity(`compute.${unit.id}`)),
        flops: engine.ledger.counter(`flops.${unit.id}`),
        attentionFlops: engine.ledger.counter(`attention_flops.${unit.id}`),
        products: unit.multiplying_w === undefined ? -1 : engine.ledger.counter(`product_s.${unit.id}`),
        access: engine.ledger.counter(`access.${unit.memory}`),
        costs: new Map(),
      });
    }
    for (const { name, count } of plan.workers) {
      this.pools.set(name, engine.addServer(name, count, engine.ledger.activity(`workers.${name}`)));
    }
    engine.accounts.forEach((account, i) => {
      this.memories.set(account.id, i);
    });
  }

  run(
    unitId: string,
    kernels: readonly Kernel[],
    stream: StreamName,
    after: Task,
    scratchBytes = 0,
    queue = unitId,
    launchS?: number,
  ): Task {
    const unit = this.unitOf(unitId);
    let cost = unit.costs.get(kernels);
    if (cost === undefined) {
      cost = kernelCost(unit.unit, unit.memoryBytesPerS, kernels, unit.inPlaceBytesPerS);
      if (unit.costs.size >= MOST_COSTS) unit.costs.clear();
      unit.costs.set(kernels, cost);
    }
    const launching = cost.launches * (launchS ?? unit.unit.launch_s) + cost.views * (unit.unit.view_s ?? 0);
    const launchNs = ceilNs(launching * 1e9);
    this.engine.ledger.add(unit.flops, cost.flops);
    if (cost.attention_flops > 0) this.engine.ledger.add(unit.attentionFlops, cost.attention_flops);
    if (cost.product_s > 0) this.engine.ledger.add(unit.products, cost.product_s);
    this.engine.ledger.add(unit.access, cost.bytes);
    const launchTail = this.hostTail();
    const launch = launchNs > 0 ? this.hostTask(launchNs, NONE, NONE) : NONE;
    const task = this.begin(unit.server, stream, queue);
    this.tape.depend(task, after);
    this.tape.depend(task, launchTail);
    this.tape.phase(task, -1, cost.ns, -1, 0, 0);
    if (scratchBytes > 0) this.holdWhileRunning(task, unit.memory, scratchBytes);
    this.name(
      task,
      `compute: ${unitId}`,
      kernels.length === 1 ? kernels[0]!.name : `${kernels[0]?.name ?? 'work'}…`,
      stream,
    );
    // A launch-bound op ends with its last launch.
    return launchNs > cost.ns ? this.join([task, launch]) : task;
  }

  busy(unitId: string, seconds: number, stream: StreamName, after: Task): Task {
    const unit = this.unitOf(unitId);
    const task = this.begin(unit.server, stream, unitId);
    this.tape.depend(task, after);
    this.tape.depend(task, this.hostTail());
    this.tape.phase(task, -1, nsFromSeconds(seconds), -1, 0, 0);
    this.name(task, `compute: ${unitId}`, 'expand', stream);
    return task;
  }

  host(seconds: number, stream: StreamName, after: Task): Task {
    return this.hostTask(nsFromSeconds(seconds), this.tag(stream), after, stream);
  }

  move(request: MoveRequest): Task {
    const { bytes, queue, workers } = request;
    const route = this.fabric.route(request.from, request.to);
    // On the queue of the host thread the transfer becomes its tail: the host waits for it.
    const hostTail = this.hostTail();
    const task = this.begin(workers === null ? -1 : this.pool(workers), request.stream, queue);
    this.tape.depend(task, request.after);
    this.tape.depend(task, hostTail);
    const limit =
      request.host_memory === 'pageable' && route.direction !== null
        ? Math.min(request.limit_bytes_per_s, pageableLimit(route.direction, `${request.from}-${request.to}`))
        : request.limit_bytes_per_s;
    // A copy worker moves its bytes in pieces and leaves the copy engine free between them.
    this.transfer(task, route, bytes, limit, workers === null ? route.engine : -1);
    this.name(task, `link: ${request.from} → ${request.to}`, request.stream, request.stream);
    return task;
  }

  collective(queue: string, linkId: string, seconds: number, bytes: number, after: Task, launchS = 0): Task {
    const launch = launchS > 0 ? this.hostTask(nsFromSeconds(launchS), NONE, NONE) : NONE;
    const task = this.begin(-1, null, queue);
    this.tape.depend(task, after);
    this.tape.depend(task, launch);
    this.tape.phase(task, -1, nsFromSeconds(seconds), -1, 0, 0);
    this.engine.ledger.add(this.sent(linkId), bytes);
    this.name(task, `link: ${linkId}`, queue, 'collective');
    return task;
  }

  /** The counter of bytes that a link carries forward. */
  private sent(linkId: string): number {
    let counter = this.sentBy.get(linkId);
    if (counter === undefined) {
      const link = this.machine.links.find(({ id }) => id === linkId);
      if (link === undefined) throw new PolicyError(`machine "${this.machine.id}" has no link "${linkId}"`);
      counter = this.engine.ledger.counter(`link.${linkId}.${link.forward.name}`);
      this.sentBy.set(linkId, counter);
    }
    return counter;
  }

  readFile(request: FileRequest): Task {
    const { disk, host } = this.storage();
    const task = this.begin(this.pool(request.workers), request.stream, null);
    this.tape.depend(task, request.after);
    this.tape.depend(task, this.hostTail());
    const cache = this.pageCache;
    const facts = disk.page_cache;
    const hit = cache === null ? 0 : cache.read(request.file, request.bytes);
    const uncached = cache === null && facts !== undefined;
    const limit = (uncached ? facts.uncached_read_stream_bytes_per_s : disk.read_stream_bytes_per_s) ?? NO_LIMIT;
    const hitS = hit === 0 ? 0 : hit / facts!.hit_stream_bytes_per_s;
    this.transfer(task, this.fabric.route(disk.id, host), request.bytes - hit, limit, -1, hitS);
    if (request.memory !== host) {
      const up = this.fabric.route(host, request.memory);
      this.transfer(task, up, request.bytes, NO_LIMIT, up.engine);
    }
    this.name(task, `workers: ${request.workers}`, request.stream, request.stream);
    return task;
  }

  writeFile(request: FileRequest): Task {
    const { disk, host } = this.storage();
    const writeBack = this.engine.writeBack;
    const task = this.begin(this.pool(request.workers), request.stream, null);
    this.tape.depend(task, request.after);
    this.tape.depend(task, this.hostTail());
    const cache = this.pageCache;
    const smallS = disk.page_cache?.small_write_s ?? 0;
    const toFile = this.fabric.route(host, disk.id);
    if (request.memory !== host) {
      this.transfer(task, this.fabric.route(request.memory, host), request.bytes, this.storeLimit(), -1, smallS);
    } else {
      this.tape.phase(task, -1, nsFromSeconds(smallS + request.bytes / this.storeLimit()), -1, 0, 0);
    }
    const streamLimit = disk.write_stream_bytes_per_s ?? NO_LIMIT;
    if (cache === null || writeBack === null) {
      this.transfer(task, toFile, request.bytes, streamLimit, -1);
    } else {
      cache.write(request.file, request.bytes, request.bytes);
      // Beyond the dirty limit the writer itself takes the excess to the device.
      const excess = Math.min(request.bytes, Math.max(0, writeBack.dirty + request.bytes - writeBack.limit_bytes));
      if (excess > 0) this.transfer(task, toFile, excess, streamLimit, -1);
      const dirty = request.bytes - excess;
      for (const counter of toFile.counters) this.engine.ledger.add(counter, dirty);
      this.tape.set(task, TASK.dirtyBytes, dirty);
    }
    this.name(task, `workers: ${request.workers}`, request.stream, request.stream);
    return task;
  }

  allocate(memory: string, kind: TensorKind, bytes: number, after: Task): Task {
    const task = this.begin(-1, null, null);
    this.tape.depend(task, after);
    this.tape.set(task, TASK.allocateMemory, this.memory(memory));
    this.tape.set(task, TASK.allocateKind, kindIndex(kind));
    this.tape.set(task, TASK.allocateBytes, bytes);
    return task;
  }

  free(memory: string, kind: TensorKind, bytes: number, after: Task): Task {
    const task = this.begin(-1, null, null);
    this.tape.depend(task, after);
    this.tape.set(task, TASK.freeMemory, this.memory(memory));
    this.tape.set(task, TASK.freeKind, kindIndex(kind));
    this.tape.set(task, TASK.freeBytes, bytes);
    return task;
  }

  join(tasks: readonly Task[]): Task {
    const task = this.begin(-1, null, null);
    for (const earlier of tasks) this.tape.depend(task, earlier);
    return task;
  }

  hostTail(): Task {
    return this.lastOfHost;
  }

  barrier(): void {
    if (this.tape.tasks === 0) return;
    this.flush();
    for (const last of this.lastOf.values()) last.task = NONE;
    this.lastOfHost = NONE;
  }

  private holdWhileRunning(task: Task, memory: number, bytes: number): void {
    this.tape.set(task, TASK.allocateMemory, memory);
    this.tape.set(task, TASK.allocateKind, WORKSPACE);
    this.tape.set(task, TASK.allocateBytes, bytes);
    this.tape.set(task, TASK.freeMemory, memory);
    this.tape.set(task, TASK.freeKind, WORKSPACE);
    this.tape.set(task, TASK.freeBytes, bytes);
  }

  private hostTask(ns: number, tag: number, after: Task, stream: StreamName = 'bookkeeping'): Task {
    const task = this.begin(this.hostServer, null, 'host');
    if (tag >= 0) this.tape.set(task, TASK.tag, tag);
    this.tape.depend(task, after);
    this.tape.phase(task, -1, ns, -1, 0, 0);
    this.name(task, 'host: host thread', tag >= 0 ? stream : 'launch', stream);
    return task;
  }

  /** A new task at the end of its queue. */
  private begin(server: number, stream: StreamName | null, queue: string | null): Task {
    const task = this.tape.add();
    if (server >= 0) this.tape.set(task, TASK.server, server);
    if (stream !== null) this.tape.set(task, TASK.tag, this.tag(stream));
    if (queue === 'host') {
      this.tape.depend(task, this.lastOfHost);
      this.lastOfHost = task;
    } else if (queue !== null) {
      const last = this.lastOf.get(queue);
      if (last === undefined) this.lastOf.set(queue, { task });
      else {
        this.tape.depend(task, last.task);
        last.task = task;
      }
    }
    return task;
  }

  /** A phase that carries bytes over a route, after its setup. */
  private transfer(task: Task, route: Route, bytes: number, limit: number, engine: number, extraS = 0): void {
    if (bytes <= 0) {
      if (extraS > 0) this.tape.phase(task, -1, nsFromSeconds(extraS), -1, 0, 0);
      return;
    }
    const grain = route.granularity_bytes;
    const moved = grain > 1 ? Math.ceil(bytes / grain) * grain : bytes;
    for (const counter of route.counters) this.engine.ledger.add(counter, moved);
    const setupS =
      (route.direction === null ? 0 : setupSeconds(route.direction, moved, route.plateau_bytes_per_s)) +
      route.latency_s +
      extraS;
    this.tape.phase(task, engine, nsFromSeconds(setupS), route.path, moved, limit);
  }

  /** Ledger activity of a stream in the present phase. */
  private tag(stream: StreamName): number {
    const known = this.tags.get(stream);
    if (known !== undefined) return known;
    const made = this.engine.ledger.activity(`time.${this.currentPhase}.${stream}`);
    this.tags.set(stream, made);
    return made;
  }

  get phase(): Phase {
    return this.currentPhase;
  }

  set phase(phase: Phase) {
    this.currentPhase = phase;
    this.tags.clear();
  }

  private unitOf(id: string): Unit {
    const unit = this.units.get(id);
    if (unit === undefined) {
      throw new PolicyError(
        `machine "${this.machine.id}" has no compute unit "${id}"; it has ${[...this.units.keys()].join(', ')}`,
      );
    }
    return unit;
  }

  private pool(name: string): number {
    const pool = this.pools.get(name);
    if (pool === undefined) throw new PolicyError(`the plan declares no pool of copy workers "${name}"`);
    return pool;
  }

  private memory(id: string): number {
    this.fabric.memory(id);
    return this.memories.get(id)!;
  }

  private storage(): { disk: Memory; host: string } {
    const { storage, host } = this.machine.roles;
    if (storage === undefined || host === undefined) {
      throw new MissingFactError(
        `machine "${this.machine.id}" has no ${storage === undefined ? 'storage' : 'host'} role, which files need`,
      );
    }
    return { disk: this.fabric.memory(storage), host };
  }

  private storeLimit(): number {
    if (this.hostFacts === undefined) {
      throw new MissingFactError(
        `machine "${this.machine.id}" has no host.store_stream_bytes_per_s, which copy workers need`,
      );
    }
    return this.hostFacts.store_stream_bytes_per_s;
  }

  private name(task: Task, track: string, name: string, category: string): void {
    if (this.engine.timeline === null) return;
    this.tape.names[task] = `${track}|${name}|${category}`;
  }
}
